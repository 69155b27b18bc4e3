// RUN: lathe-lsp-server -lit-test < %s | FileCheck %s
{"jsonrpc":"2.0","id":0,"method":"initialize","params":{"processId":1,"rootPath":"mlir","capabilities":{},"trace":"off"}}
// -----
{"jsonrpc":"2.0","method":"textDocument/didOpen","params":{"textDocument":{"uri":"test:///good.mlir","languageId":"mlir","version":1,"text":"func.func @f(%x: tensor<?x8xf32>) -> tensor<?x8xf32> {\n  %0 = lathe.activation silu %x : tensor<?x8xf32>\n  return %0 : tensor<?x8xf32>\n}"}}}
// CHECK: "method": "textDocument/publishDiagnostics"
// CHECK: "diagnostics": []
// -----
{"jsonrpc":"2.0","method":"textDocument/didOpen","params":{"textDocument":{"uri":"test:///bad.mlir","languageId":"mlir","version":1,"text":"func.func @f(%x: tensor<?x8xf32>) -> tensor<?x8xf32> {\n  %0 = lathe.activation nothing %x : tensor<?x8xf32>\n  return %0 : tensor<?x8xf32>\n}"}}}
// CHECK: "method": "textDocument/publishDiagnostics"
// CHECK: "message": "{{.*}}silu
// -----
{"jsonrpc":"2.0","id":3,"method":"shutdown"}
// -----
{"jsonrpc":"2.0","method":"exit"}

// RUN: lathe-opt %s --lathe-split-entries -split-input-file -verify-diagnostics | FileCheck %s
// RUN: lathe-opt %s --lathe-lower="max-rows=8 max-outputs=2" -split-input-file -verify-diagnostics | FileCheck %s --check-prefix=EXEC

// Logits need the head, hidden states don't; both store this call's keys and values.
// CHECK-LABEL: func.func @step(%{{.*}}: !lathe.batch) -> tensor<?x32xf32> {
// CHECK:         lathe.cache_write
// CHECK:         %[[N:.*]] = lathe.rms_norm
// CHECK:         %[[Y:.*]] = lathe.linear %[[N]]
// CHECK:         return %[[Y]] : tensor<?x32xf32>
// CHECK-LABEL: func.func @hidden(%{{.*}}: !lathe.batch) -> tensor<?x8xf32> {
// CHECK:         lathe.cache_write
// CHECK-NOT:     "head"
// CHECK:         %[[N:.*]] = lathe.rms_norm
// CHECK-NEXT:    return %[[N]] : tensor<?x8xf32>

// What both entry points need is in the program once.
// EXEC-COUNT-2: exec.weight
// EXEC-COUNT-5: exec.kernel
// EXEC-NOT:     exec.kernel
// EXEC:         exec.entry @step
// EXEC:         exec.result %{{.*}} : <outputs by 32 of f32, stride 128>
// EXEC:         exec.entry @hidden
// EXEC:         exec.result %{{.*}} : <outputs by 8 of f32, stride 32>
module {
  lathe.state @kv : !lathe.state<growing 2x2x4xf32>
  func.func @step(%batch: !lathe.batch) -> (tensor<?x32xf32>, tensor<?x8xf32> {lathe.entry = "hidden"}) {
    %e = lathe.param "embedding" from "model" : !lathe.weight<32x8xf32>
    %t = lathe.tokens %batch : tensor<?xi32>
    %x = lathe.embedding %t, %e : tensor<?xi32>, !lathe.weight<32x8xf32> -> tensor<?x8xf32>
    lathe.cache_write %x, %x, %batch into @kv : tensor<?x8xf32>, tensor<?x8xf32>
    %a = lathe.attention %x, %batch from @kv heads 2 over 2 scale 0.5 causal : tensor<?x8xf32> -> tensor<?x8xf32>
    %s = lathe.select_outputs %a, %batch : tensor<?x8xf32>
    %n = lathe.rms_norm %s epsilon 1.0e-5 : tensor<?x8xf32>
    %h = lathe.param "head" from "model" : !lathe.weight<32x8xf32>
    %y = lathe.linear %n, [%h] : tensor<?x8xf32>, [!lathe.weight<32x8xf32>] -> tensor<?x32xf32>
    return %y, %n : tensor<?x32xf32>, tensor<?x8xf32>
  }
}

// -----

// expected-error@+1 {{result 1 needs a name of its own in lathe.entry}}
func.func @step(%batch: !lathe.batch) -> (tensor<?x8xf32>, tensor<?x8xf32>) {
  %e = lathe.param "embedding" from "model" : !lathe.weight<32x8xf32>
  %t = lathe.tokens %batch : tensor<?xi32>
  %x = lathe.embedding %t, %e : tensor<?xi32>, !lathe.weight<32x8xf32> -> tensor<?x8xf32>
  return %x, %x : tensor<?x8xf32>, tensor<?x8xf32>
}

// -----

// expected-error@+1 {{result 1 needs a name of its own in lathe.entry}}
func.func @step(%batch: !lathe.batch) -> (tensor<?x8xf32>, tensor<?x8xf32> {lathe.entry = "step"}) {
  %e = lathe.param "embedding" from "model" : !lathe.weight<32x8xf32>
  %t = lathe.tokens %batch : tensor<?xi32>
  %x = lathe.embedding %t, %e : tensor<?xi32>, !lathe.weight<32x8xf32> -> tensor<?x8xf32>
  return %x, %x : tensor<?x8xf32>, tensor<?x8xf32>
}

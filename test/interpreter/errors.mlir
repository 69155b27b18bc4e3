// What only a run can find.
// RUN: split-file %s %t
// RUN: not lathe-interpret %t/token.mlir 2>&1 | FileCheck %s --check-prefix=TOKEN
// RUN: not lathe-interpret %t/rows.mlir 2>&1 | FileCheck %s --check-prefix=ROWS
// RUN: not lathe-interpret %t/position.mlir 2>&1 | FileCheck %s --check-prefix=POSITION
// RUN: not lathe-interpret %t/unwritten.mlir 2>&1 | FileCheck %s --check-prefix=UNWRITTEN
// RUN: not lathe-interpret %t/param.mlir 2>&1 | FileCheck %s --check-prefix=PARAM
// RUN: not lathe-interpret %t/shape.mlir 2>&1 | FileCheck %s --check-prefix=SHAPE
// RUN: not lathe-interpret %t/scope.mlir 2>&1 | FileCheck %s --check-prefix=SCOPE
// RUN: not lathe-interpret %t/value.mlir 2>&1 | FileCheck %s --check-prefix=VALUE
// RUN: not lathe-interpret %t/foreign.mlir 2>&1 | FileCheck %s --check-prefix=FOREIGN

//--- token.mlir
// TOKEN: token.mlir:6:10: error: 'lathe.embedding' op row 1 asks for entry 2 of a table of 2
module attributes {lathe.inline = {w = dense<0.0> : tensor<2x2xf32>}} {
  func.func @main(%batch: !lathe.batch {lathe.value = {tokens = array<i32: 1, 2>}}) -> tensor<?x2xf32> {
    %t = lathe.tokens %batch : tensor<?xi32>
    %w = lathe.param "w" from "inline" : <2x2xf32>
    %x = lathe.embedding %t, %w : tensor<?xi32>, <2x2xf32> -> tensor<?x2xf32>
    return %x : tensor<?x2xf32>
  }
}

//--- rows.mlir
// ROWS: error: 'lathe.add' op meets 1 and 2 rows
func.func @main(%x: tensor<?x1xf32> {lathe.value = dense<1.0> : tensor<1x1xf32>},
                %y: tensor<?x1xf32> {lathe.value = dense<1.0> : tensor<2x1xf32>}) -> tensor<?x1xf32> {
  %0 = lathe.add %x, %y : tensor<?x1xf32>
  return %0 : tensor<?x1xf32>
}

//--- position.mlir
// POSITION: error: 'lathe.cache_write' op row 0 is at position 1, but its slot has only 0
lathe.state @kv : !lathe.state<growing 2x1x1xf32>
func.func @main(%x: tensor<?x1xf32> {lathe.value = dense<1.0> : tensor<1x1xf32>},
                %batch: !lathe.batch {lathe.value = {tokens = array<i32: 0>, positions = array<i32: 1>}}) {
  lathe.cache_write %x, %x, %batch into @kv : tensor<?x1xf32>, tensor<?x1xf32>
  return
}

//--- unwritten.mlir
// UNWRITTEN: error: 'lathe.attention' op row 0 is at position 0, of which nothing is stored
lathe.state @kv : !lathe.state<growing 2x1x1xf32>
func.func @main(%x: tensor<?x1xf32> {lathe.value = dense<1.0> : tensor<1x1xf32>},
                %batch: !lathe.batch {lathe.value = {tokens = array<i32: 0>}}) -> tensor<?x1xf32> {
  %a = lathe.attention %x, %batch from @kv heads 1 over 1 scale 1.0 causal : tensor<?x1xf32> -> tensor<?x1xf32>
  return %a : tensor<?x1xf32>
}

//--- param.mlir
// PARAM: error: 'lathe.param' op can't be resolved: the module's lathe.inline has no f32 tensor "w"
func.func @main() -> !lathe.weight<2xf32> {
  %w = lathe.param "w" from "inline" : <2xf32>
  return %w : !lathe.weight<2xf32>
}

//--- shape.mlir
// SHAPE: error: 'lathe.param' op names a tensor of another shape: [3]
module attributes {lathe.inline = {w = dense<0.0> : tensor<3xf32>}} {
  func.func @main() -> !lathe.weight<2xf32> {
    %w = lathe.param "w" from "inline" : <2xf32>
    return %w : !lathe.weight<2xf32>
  }
}

//--- scope.mlir
// SCOPE: error: 'lathe.param' op can't be resolved: no checkpoint is open for params of scope "model"
func.func @main() -> !lathe.weight<2xf32> {
  %w = lathe.param "w" from "model" : <2xf32>
  return %w : !lathe.weight<2xf32>
}

//--- value.mlir
// VALUE: error: argument 0 needs a lathe.value of its type
func.func @main(%x: tensor<?x1xf32>) -> tensor<?x1xf32> {
  return %x : tensor<?x1xf32>
}

//--- foreign.mlir
// FOREIGN: error: 'func.call' op is not an op that the interpreter runs
func.func @main() {
  call @main() : () -> ()
  return
}

// RUN: lathe-opt %s --lathe-pair-gate-up -split-input-file -verify-diagnostics --remark-format=emitRemark --remarks-filter='.*' | FileCheck %s

// The up weight is defined behind the gate's product: it moves in front.
// CHECK-LABEL: @swiglu
// CHECK: %[[GATE:.*]] = lathe.param "gate"
// CHECK: %[[UP:.*]] = lathe.param "up"
// CHECK: %[[BOTH:.*]]:2 = lathe.linear %{{.*}}, [%[[GATE]], %[[UP]]]
// CHECK-NOT: lathe.linear
// CHECK: %[[ACT:.*]] = lathe.activation silu %[[BOTH]]#0
// CHECK: lathe.mul %[[ACT]], %[[BOTH]]#1
func.func @swiglu(%x: tensor<?x8xf32>) -> tensor<?x12xf32> {
  %gate = lathe.param "gate" from "model" : !lathe.weight<12x8xf32>
  // expected-remark@below {{[Passed] lathe.linear | Category:pair-gate-up | Function=swiglu | Remark="gate and up share one kernel over !lathe.weight<12x8xf32>"}}
  %g = lathe.linear %x, [%gate] : tensor<?x8xf32>, [!lathe.weight<12x8xf32>] -> tensor<?x12xf32>
  %a = lathe.activation silu %g : tensor<?x12xf32>
  %up = lathe.param "up" from "model" : !lathe.weight<12x8xf32>
  %u = lathe.linear %x, [%up] : tensor<?x8xf32>, [!lathe.weight<12x8xf32>] -> tensor<?x12xf32>
  %m = lathe.mul %a, %u : tensor<?x12xf32>
  return %m : tensor<?x12xf32>
}

// -----

// Biases stay between, and the operands of the product may come in any order.
// CHECK-LABEL: @biases
// CHECK: %[[BOTH:.*]]:2 = lathe.linear
// CHECK-DAG: lathe.bias %[[BOTH]]#0
// CHECK-DAG: lathe.bias %[[BOTH]]#1
func.func @biases(%x: tensor<?x8xf32>) -> tensor<?x12xf32> {
  %gate = lathe.param "gate" from "model" : !lathe.weight<12x8xf32>
  %up = lathe.param "up" from "model" : !lathe.weight<12x8xf32>
  %b = lathe.param "b" from "model" : !lathe.weight<12xf32>
  %u = lathe.linear %x, [%up] : tensor<?x8xf32>, [!lathe.weight<12x8xf32>] -> tensor<?x12xf32>
  %ub = lathe.bias %u, %b : tensor<?x12xf32>, !lathe.weight<12xf32>
  // expected-remark@+1 {{gate and up share one kernel}}
  %g = lathe.linear %x, [%gate] : tensor<?x8xf32>, [!lathe.weight<12x8xf32>] -> tensor<?x12xf32>
  %gb = lathe.bias %g, %b : tensor<?x12xf32>, !lathe.weight<12xf32>
  %a = lathe.activation gelu %gb : tensor<?x12xf32>
  %m = lathe.mul %ub, %a : tensor<?x12xf32>
  return %m : tensor<?x12xf32>
}

// -----

// CHECK-LABEL: @different_encodings
// CHECK-COUNT-2: lathe.linear
func.func @different_encodings(%x: tensor<?x8xf32>) -> tensor<?x12xf32> {
  %gate = lathe.param "gate" from "model" : !lathe.weight<12x8xf32>
  %up = lathe.param "up" from "model" : !lathe.weight<12x8xbf16>
  %g = lathe.linear %x, [%gate] : tensor<?x8xf32>, [!lathe.weight<12x8xf32>] -> tensor<?x12xf32>
  %u = lathe.linear %x, [%up] : tensor<?x8xf32>, [!lathe.weight<12x8xbf16>] -> tensor<?x12xf32>
  %a = lathe.activation silu %g : tensor<?x12xf32>
  // expected-remark@+1 {{gate and up stay apart: weights that share a kernel have one type, not !lathe.weight<12x8xf32> and !lathe.weight<12x8xbf16>}}
  %m = lathe.mul %a, %u : tensor<?x12xf32>
  return %m : tensor<?x12xf32>
}

// -----

// CHECK-LABEL: @needed_elsewhere
// CHECK-COUNT-2: lathe.linear
func.func @needed_elsewhere(%x: tensor<?x8xf32>) -> tensor<?x12xf32> {
  %gate = lathe.param "gate" from "model" : !lathe.weight<12x8xf32>
  %up = lathe.param "up" from "model" : !lathe.weight<12x8xf32>
  %g = lathe.linear %x, [%gate] : tensor<?x8xf32>, [!lathe.weight<12x8xf32>] -> tensor<?x12xf32>
  %u = lathe.linear %x, [%up] : tensor<?x8xf32>, [!lathe.weight<12x8xf32>] -> tensor<?x12xf32>
  %a = lathe.activation silu %g : tensor<?x12xf32>
  // expected-remark@+1 {{gate and up stay apart: one of the products is needed elsewhere as well}}
  %m = lathe.mul %a, %u : tensor<?x12xf32>
  %s = lathe.add %m, %g : tensor<?x12xf32>
  return %s : tensor<?x12xf32>
}

// -----

// One product gated by itself has no second weight.
// CHECK-LABEL: @self_gated
// CHECK-COUNT-1: lathe.linear
func.func @self_gated(%x: tensor<?x8xf32>) -> tensor<?x12xf32> {
  %gate = lathe.param "gate" from "model" : !lathe.weight<12x8xf32>
  %g = lathe.linear %x, [%gate] : tensor<?x8xf32>, [!lathe.weight<12x8xf32>] -> tensor<?x12xf32>
  %a = lathe.activation sigmoid %g : tensor<?x12xf32>
  %m = lathe.mul %a, %g : tensor<?x12xf32>
  return %m : tensor<?x12xf32>
}

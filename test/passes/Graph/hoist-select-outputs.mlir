// RUN: lathe-opt %s --lathe-hoist-select-outputs -split-input-file -verify-diagnostics --remark-format=emitRemark --remarks-filter='.*' | FileCheck %s

// The MLP behind attention runs for the selected rows; attention for all.
// CHECK-LABEL: @last_layer
// CHECK: %[[A:.*]] = lathe.attention
// CHECK: %[[S:.*]] = lathe.select_outputs %[[A]], %arg0
// CHECK: %[[N:.*]] = lathe.rms_norm %[[S]]
// CHECK: %[[BOTH:.*]]:2 = lathe.linear %[[N]]
// CHECK: %[[M:.*]] = lathe.mul %[[BOTH]]#0, %[[BOTH]]#1
// CHECK: %[[D:.*]] = lathe.linear %[[M]]
// CHECK: %[[R:.*]] = lathe.add %[[S]], %[[D]]
// CHECK-NOT: lathe.select_outputs
// CHECK: return %[[R]]
// expected-remark@+1 {{5 ops run for the rows that want logits only}}
func.func @last_layer(%batch: !lathe.batch) -> tensor<?x8xf32> {
  %w = lathe.param "w" from "model" : !lathe.weight<8x8xf32>
  %n = lathe.param "n" from "model" : !lathe.weight<8xf32>
  %t = lathe.tokens %batch : tensor<?xi32>
  %x = lathe.embedding %t, %w : tensor<?xi32>, !lathe.weight<8x8xf32> -> tensor<?x8xf32>
  %a = lathe.attention %x keys %x values %x, %batch heads 2 over 2 scale 0.5 : tensor<?x8xf32>, tensor<?x8xf32>, tensor<?x8xf32> -> tensor<?x8xf32>
  %h = lathe.rms_norm %a, %n epsilon 1.0e-5 : tensor<?x8xf32>, !lathe.weight<8xf32>
  %g, %u = lathe.linear %h, [%w, %w] : tensor<?x8xf32>, [!lathe.weight<8x8xf32>, !lathe.weight<8x8xf32>] -> tensor<?x8xf32>, tensor<?x8xf32>
  %m = lathe.mul %g, %u : tensor<?x8xf32>
  %d = lathe.linear %m, [%w] : tensor<?x8xf32>, [!lathe.weight<8x8xf32>] -> tensor<?x8xf32>
  %r = lathe.add %a, %d : tensor<?x8xf32>
  %s = lathe.select_outputs %r, %batch : tensor<?x8xf32>
  return %s : tensor<?x8xf32>
}

// -----

// What other ops read as well is computed for all rows anyway.
// CHECK-LABEL: @shared
// CHECK: %[[R:.*]] = lathe.add
// CHECK: lathe.select_outputs %[[R]]
// expected-remark@+1 {{1 ops run for the rows that want logits only}}
func.func @shared(%batch: !lathe.batch) -> tensor<?x8xf32> {
  %w = lathe.param "w" from "model" : !lathe.weight<8x8xf32>
  %t = lathe.tokens %batch : tensor<?xi32>
  %x = lathe.embedding %t, %w : tensor<?xi32>, !lathe.weight<8x8xf32> -> tensor<?x8xf32>
  %r = lathe.add %x, %x : tensor<?x8xf32>
  %a = lathe.attention %r keys %r values %r, %batch heads 2 over 2 scale 0.5 : tensor<?x8xf32>, tensor<?x8xf32>, tensor<?x8xf32> -> tensor<?x8xf32>
  %y = lathe.add %a, %r : tensor<?x8xf32>
  // expected-remark@-1 {{stays behind lathe.add, which other ops read as well}}
  %s = lathe.select_outputs %y, %batch : tensor<?x8xf32>
  return %s : tensor<?x8xf32>
}

// -----

// Nothing to move.
// CHECK-LABEL: @none
// CHECK-NOT: select_outputs
func.func @none(%batch: !lathe.batch) -> tensor<?x8xf32> {
  %w = lathe.param "w" from "model" : !lathe.weight<8x8xf32>
  %t = lathe.tokens %batch : tensor<?xi32>
  %x = lathe.embedding %t, %w : tensor<?xi32>, !lathe.weight<8x8xf32> -> tensor<?x8xf32>
  return %x : tensor<?x8xf32>
}

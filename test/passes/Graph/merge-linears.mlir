// RUN: lathe-opt %s --lathe-merge-linears -split-input-file -verify-diagnostics --remark-format=emitRemark --remarks-filter='.*' | FileCheck %s

// CHECK-LABEL: @qkv
// CHECK: %[[W:.*]] = lathe.concat %q, %k, %v : !lathe.weight<8x8xf32>, !lathe.weight<4x8xf32>, !lathe.weight<4x8xf32> -> <16x8xf32>
// CHECK: %[[Y:.*]] = lathe.linear %arg0, [%[[W]]]
// CHECK: %[[PARTS:.*]]:3 = lathe.split %[[Y]] : tensor<?x16xf32> -> tensor<?x8xf32>, tensor<?x4xf32>, tensor<?x4xf32>
// CHECK: return %[[PARTS]]#0, %[[PARTS]]#1, %[[PARTS]]#2
func.func @qkv(%x: tensor<?x8xf32>) -> (tensor<?x8xf32>, tensor<?x4xf32>, tensor<?x4xf32>) {
  %wq = lathe.param "q" from "model" : !lathe.weight<8x8xf32>
  // expected-remark@+1 {{one linear for 3 of the same input: 8 + 4 + 4 columns}}
  %q = lathe.linear %x, [%wq] : tensor<?x8xf32>, [!lathe.weight<8x8xf32>] -> tensor<?x8xf32>
  %wk = lathe.param "k" from "model" : !lathe.weight<4x8xf32>
  %k = lathe.linear %x, [%wk] : tensor<?x8xf32>, [!lathe.weight<4x8xf32>] -> tensor<?x4xf32>
  %wv = lathe.param "v" from "model" : !lathe.weight<4x8xf32>
  %v = lathe.linear %x, [%wv] : tensor<?x8xf32>, [!lathe.weight<4x8xf32>] -> tensor<?x4xf32>
  return %q, %k, %v : tensor<?x8xf32>, tensor<?x4xf32>, tensor<?x4xf32>
}

// -----

// CHECK-LABEL: @biases
// CHECK: %[[Y:.*]] = lathe.linear
// CHECK: %[[B:.*]] = lathe.concat %bq, %bk : !lathe.weight<8xf32>, !lathe.weight<4xf32> -> <12xf32>
// CHECK: %[[S:.*]] = lathe.bias %[[Y]], %[[B]]
// CHECK: lathe.split %[[S]]
// CHECK-NOT: lathe.bias
func.func @biases(%x: tensor<?x8xf32>) -> (tensor<?x8xf32>, tensor<?x4xf32>) {
  %wq = lathe.param "wq" from "model" : !lathe.weight<8x8xf32>
  %bq = lathe.param "bq" from "model" : !lathe.weight<8xf32>
  // expected-remark@+1 {{one linear for 2 of the same input}}
  %q = lathe.linear %x, [%wq] : tensor<?x8xf32>, [!lathe.weight<8x8xf32>] -> tensor<?x8xf32>
  %qb = lathe.bias %q, %bq : tensor<?x8xf32>, !lathe.weight<8xf32>
  %wk = lathe.param "wk" from "model" : !lathe.weight<4x8xf32>
  %bk = lathe.param "bk" from "model" : !lathe.weight<4xf32>
  %k = lathe.linear %x, [%wk] : tensor<?x8xf32>, [!lathe.weight<4x8xf32>] -> tensor<?x4xf32>
  %kb = lathe.bias %k, %bk : tensor<?x4xf32>, !lathe.weight<4xf32>
  return %qb, %kb : tensor<?x8xf32>, tensor<?x4xf32>
}

// -----

// Only one of them has a bias: it stays behind the split.
// CHECK-LABEL: @one_bias
// CHECK: %[[PARTS:.*]]:2 = lathe.split
// CHECK: lathe.bias %[[PARTS]]#0
func.func @one_bias(%x: tensor<?x8xf32>) -> (tensor<?x8xf32>, tensor<?x4xf32>) {
  %wq = lathe.param "wq" from "model" : !lathe.weight<8x8xf32>
  %wk = lathe.param "wk" from "model" : !lathe.weight<4x8xf32>
  %bq = lathe.param "bq" from "model" : !lathe.weight<8xf32>
  // expected-remark@+1 {{one linear for 2}}
  %q = lathe.linear %x, [%wq] : tensor<?x8xf32>, [!lathe.weight<8x8xf32>] -> tensor<?x8xf32>
  %k = lathe.linear %x, [%wk] : tensor<?x8xf32>, [!lathe.weight<4x8xf32>] -> tensor<?x4xf32>
  %qb = lathe.bias %q, %bq : tensor<?x8xf32>, !lathe.weight<8xf32>
  return %qb, %k : tensor<?x8xf32>, tensor<?x4xf32>
}

// -----

// CHECK-LABEL: @reasons
// CHECK-COUNT-4: lathe.linear
// CHECK-NOT: lathe.split
func.func @reasons(%x: tensor<?x8xf32>, %ids: tensor<?xi32>) -> (tensor<?x8xf32>, tensor<?x8xf32>) {
  %a = lathe.param "a" from "model" : !lathe.weight<8x8xf32>
  %b = lathe.param "b" from "model" : !lathe.weight<8x8xbf16>
  %c = lathe.quantize none %a : !lathe.weight<8x8xf32> -> !lathe.weight<8x8x<si8, block 1x0, scale <f32>>>
  // expected-remark@+1 {{its weight is used elsewhere too and would be stored twice}}
  %0 = lathe.linear %x, [%a] : tensor<?x8xf32>, [!lathe.weight<8x8xf32>] -> tensor<?x8xf32>
  // expected-remark@+1 {{none of them is stored as bf16 and free to merge}}
  %1 = lathe.linear %x, [%b] : tensor<?x8xf32>, [!lathe.weight<8x8xbf16>] -> tensor<?x8xf32>
  // expected-remark@+1 {{its weight is encoded already, as !lathe.weight<8x8x<si8, block 1x0, scale <f32>>>}}
  %2 = lathe.linear %x, [%c] : tensor<?x8xf32>, [!lathe.weight<8x8x<si8, block 1x0, scale <f32>>>] -> tensor<?x8xf32>
  // expected-remark@+1 {{it has several weights already}}
  %3:2 = lathe.linear %x, [%a, %a] : tensor<?x8xf32>, [!lathe.weight<8x8xf32>, !lathe.weight<8x8xf32>] -> tensor<?x8xf32>, tensor<?x8xf32>
  %4 = lathe.add %0, %1 : tensor<?x8xf32>
  %5 = lathe.add %2, %3#0 : tensor<?x8xf32>
  return %4, %5 : tensor<?x8xf32>, tensor<?x8xf32>
}

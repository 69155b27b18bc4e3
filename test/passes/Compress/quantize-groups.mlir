// RUN: lathe-opt %s --lathe-quantize-weights="recipe='gate -> int4 group 8; up -> int8; a -> int4; * -> mxfp4'" --split-input-file --remark-format=emitRemark --remarks-filter='.*' 2>&1 | FileCheck %s
// RUN: not lathe-opt %s --split-input-file --lathe-quantize-weights="weights=int4" 2>&1 | FileCheck %s --check-prefix=VALUES

// Without values the encodings of a recipe are still chosen; only what must be measured needs the checkpoint.
// VALUES: error: weights=int4 measures errors and needs the values of weights: give the checkpoint's folder with checkpoint=DIR

// Weights that one linear takes together keep one type: that of more bits.
// CHECK: remark: {{.*}}parts of one matrix match different rules
// CHECK-LABEL: @pair
// CHECK: %[[G:.*]] = lathe.quantize mse %gate : <4x16xf32> -> <4x16x<si8, block 1x0, scale <f32>>>
// CHECK: %[[U:.*]] = lathe.quantize mse %up : <4x16xf32> -> <4x16x<si8, block 1x0, scale <f32>>>
// CHECK: lathe.linear %arg0, [%[[G]], %[[U]]]
module {
  func.func @pair(%x: tensor<?x16xf32>) -> (tensor<?x4xf32>, tensor<?x4xf32>) {
    %gate = lathe.param "gate" from "model" : !lathe.weight<4x16xf32>
    %up = lathe.param "up" from "model" : !lathe.weight<4x16xf32>
    %g, %u = lathe.linear %x, [%gate, %up] : tensor<?x16xf32>, [!lathe.weight<4x16xf32>, !lathe.weight<4x16xf32>] -> tensor<?x4xf32>, tensor<?x4xf32>
    return %g, %u : tensor<?x4xf32>, tensor<?x4xf32>
  }
}

// -----

// The parts of a concatenation are one matrix; quantized matrices are left alone, and one quantization serves all uses.
// CHECK-LABEL: @parts
// CHECK: %[[C:.*]] = lathe.concat
// CHECK: %[[Q:.*]] = lathe.quantize mse %[[C]] : <8x16xf32> -> <8x16x<f4E2M1FN, block 1x32, scale <f8E8M0FNU>>>
// CHECK: lathe.linear %arg0, [%[[Q]]]
// CHECK: lathe.linear %arg0, [%[[Q]]]
// CHECK: lathe.quantize none %a
// CHECK-NOT: lathe.quantize
module {
  func.func @parts(%x: tensor<?x16xf32>) -> (tensor<?x8xf32>, tensor<?x8xf32>, tensor<?x8xf32>) {
    %b = lathe.param "b" from "model" : !lathe.weight<4x16xf32>
    %c = lathe.param "c" from "model" : !lathe.weight<4x16xf32>
    %bc = lathe.concat %b, %c : !lathe.weight<4x16xf32>, !lathe.weight<4x16xf32> -> !lathe.weight<8x16xf32>
    %0 = lathe.linear %x, [%bc] : tensor<?x16xf32>, [!lathe.weight<8x16xf32>] -> tensor<?x8xf32>
    %1 = lathe.linear %x, [%bc] : tensor<?x16xf32>, [!lathe.weight<8x16xf32>] -> tensor<?x8xf32>
    %a = lathe.param "a" from "model" : !lathe.weight<8x16xf32>
    %qa = lathe.quantize none %a : !lathe.weight<8x16xf32> -> !lathe.weight<8x16x<si8, block 1x0, scale <f32>>>
    %2 = lathe.linear %x, [%qa] : tensor<?x16xf32>, [!lathe.weight<8x16x<si8, block 1x0, scale <f32>>>] -> tensor<?x8xf32>
    return %0, %1, %2 : tensor<?x8xf32>, tensor<?x8xf32>, tensor<?x8xf32>
  }
}

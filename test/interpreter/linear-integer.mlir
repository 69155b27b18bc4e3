// RUN: lathe-interpret %s | FileCheck %s

// x = [127, -63.5, 0, 1] quantizes, in groups of two, to codes 127, -64 (-63.5 rounds to even) with scale 1, and 0, 127
// with scale 1/127. W's rows quantize to si8 per group of two: [1, 2] has scale 2/127 and codes 64 (63.5), 127.
module attributes {lathe.inline = {
    w = dense<[[1.0, 2.0, 0.0, 127.0], [127.0, 127.0, 0.0, 0.0]]> : tensor<2x4xf32>}} {
  // CHECK-LABEL: @rows
  // CHECK-NEXT:  codes 127, -64, 0, 127 scales 1, 0.00787402 sums 63, 127
  // CHECK-NEXT:  codes 0, 0, -127, 127 scales 0, 0.0787402 sums 0, 0
  func.func @rows(%x: tensor<?x4xf32> {lathe.value = dense<[[127.0, -63.5, 0.0, 1.0], [0.0, 0.0, -10.0, 10.0]]> : tensor<2x4xf32>})
      -> tensor<?x4xi8, #lathe.quantized_rows<2>> {
    %q = lathe.quantize_rows %x : tensor<?x4xf32> -> tensor<?x4xi8, #lathe.quantized_rows<2>>
    return %q : tensor<?x4xi8, #lathe.quantized_rows<2>>
  }

  // A last group that is shorter.
  // CHECK-LABEL: @short_group
  // CHECK-NEXT:  codes 127, 64, -127, 127 scales 1, 0.0314961 sums 64, 127
  func.func @short_group(%x: tensor<?x4xf32> {lathe.value = dense<[[127.0, 63.5, -127.0, 4.0]]> : tensor<1x4xf32>})
      -> tensor<?x4xi8, #lathe.quantized_rows<3>> {
    %q = lathe.quantize_rows %x : tensor<?x4xf32> -> tensor<?x4xi8, #lathe.quantized_rows<3>>
    return %q : tensor<?x4xi8, #lathe.quantized_rows<3>>
  }

  // Row 0: (127 * 64 - 64 * 127) * 2/127 + 127 * 127 * 1 * 1/127 = 127. Row 1: (127 - 64) * 127.
  // CHECK-LABEL: @groups
  // CHECK-NEXT:  127, 8001
  func.func @groups(%x: tensor<?x4xf32> {lathe.value = dense<[[127.0, -63.5, 0.0, 1.0]]> : tensor<1x4xf32>}) -> tensor<?x2xf32> {
    %w = lathe.param "w" from "inline" : <2x4xf32>
    %c = lathe.quantize none %w : <2x4xf32> -> <2x4x<si8, block 1x2, scale <f32>>>
    %q = lathe.quantize_rows %x : tensor<?x4xf32> -> tensor<?x4xi8, #lathe.quantized_rows<2>>
    %y = lathe.linear %q, [%c] : tensor<?x4xi8, #lathe.quantized_rows<2>>, [!lathe.weight<2x4x<si8, block 1x2, scale <f32>>>] -> tensor<?x2xf32>
    return %y : tensor<?x2xf32>
  }

  // One scale for a row of W. Row 0 has scale 1, codes 1, 2, 0, 127: 127 - 128 + 127 * 127 / 127.
  // CHECK-LABEL: @channel
  // CHECK-NEXT:  126, 8001
  func.func @channel(%x: tensor<?x4xf32> {lathe.value = dense<[[127.0, -63.5, 0.0, 1.0]]> : tensor<1x4xf32>}) -> tensor<?x2xf32> {
    %w = lathe.param "w" from "inline" : <2x4xf32>
    %c = lathe.quantize none %w : <2x4xf32> -> <2x4x<si8, block 1x0, scale <f32>>>
    %q = lathe.quantize_rows %x : tensor<?x4xf32> -> tensor<?x4xi8, #lathe.quantized_rows<2>>
    %y = lathe.linear %q, [%c] : tensor<?x4xi8, #lathe.quantized_rows<2>>, [!lathe.weight<2x4x<si8, block 1x0, scale <f32>>>] -> tensor<?x2xf32>
    return %y : tensor<?x2xf32>
  }

  // An offset: row 1's second group is all zero and needs none; its first is constant: codes 0, scale 0, offset 127, so
  // the sum of x's codes, 63, counts 127 times. Row 0: group 0 is 1 + {0, 255} / 255, group 1 is {0, 255} * 127/255.
  // CHECK-LABEL: @offset
  // CHECK-NEXT:  126, 8001
  func.func @offset(%x: tensor<?x4xf32> {lathe.value = dense<[[127.0, -63.5, 0.0, 1.0]]> : tensor<1x4xf32>}) -> tensor<?x2xf32> {
    %w = lathe.param "w" from "inline" : <2x4xf32>
    %c = lathe.quantize none %w : <2x4xf32> -> <2x4x<ui8, block 1x2, scale <f32>, offset <f32>>>
    %q = lathe.quantize_rows %x : tensor<?x4xf32> -> tensor<?x4xi8, #lathe.quantized_rows<2>>
    %y = lathe.linear %q, [%c] : tensor<?x4xi8, #lathe.quantized_rows<2>>, [!lathe.weight<2x4x<ui8, block 1x2, scale <f32>, offset <f32>>>] -> tensor<?x2xf32>
    return %y : tensor<?x2xf32>
  }

  // Codes that are no integers are multiplied as the numbers they stand for, and so are the rows: 127, -64, 0, 1.
  // CHECK-LABEL: @floats
  // CHECK-NEXT:  126, 8001
  func.func @floats(%x: tensor<?x4xf32> {lathe.value = dense<[[127.0, -63.5, 0.0, 1.0]]> : tensor<1x4xf32>}) -> tensor<?x2xf32> {
    %w = lathe.param "w" from "inline" : <2x4xf32>
    %q = lathe.quantize_rows %x : tensor<?x4xf32> -> tensor<?x4xi8, #lathe.quantized_rows<2>>
    %y = lathe.linear %q, [%w] : tensor<?x4xi8, #lathe.quantized_rows<2>>, [!lathe.weight<2x4xf32>] -> tensor<?x2xf32>
    return %y : tensor<?x2xf32>
  }
}

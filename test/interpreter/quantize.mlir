// RUN: lathe-interpret %s | FileCheck %s

module attributes {lathe.inline = {
    w = dense<[[7.0, -3.4, 1.0, 0.0, 0.5, -0.5, 0.2, 0.0]]> : tensor<1x8xf32>,
    zeros = dense<0.0> : tensor<1x8xf32>,
    fp4 = dense<[[6.0, -4.0, 3.0, 2.0, 1.5, 1.0, 0.5, 0.2, 24.0, 0.0, 2.0, 12.0, -8.0, 16.0, 4.0, 6.0]]> : tensor<1x16xf32>,
    tall = dense<[[7.0, 1.0], [-3.0, 2.0], [0.7, 0.1], [0.0, 0.2]]> : tensor<4x2xf32>,
    affine = dense<[[0.0, 1.0, 2.0, 15.0, -63.0, 0.0, 63.0, 882.0]]> : tensor<1x8xf32>,
    outlier = dense<[[1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 2.2]]> : tensor<1x8xf32>,
    even = dense<[[1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.3]]> : tensor<1x8xf32>,
    levels = dense<[[-1.0, 0.4, 1.0, -0.2]]> : tensor<1x4xf32>}} {
  // Scales 1 and 0.5 / 7: the largest magnitude of each block is kept, -3.4 goes to -3.
  // CHECK-LABEL: @symmetric
  // CHECK-NEXT:  7, -3, 1, 0, 0.5, -0.5, 0.214286, 0
  // A block of zeros.
  // CHECK-LABEL: @symmetric
  // CHECK-NEXT:  0, 0, 0, 0, 0, 0, 0, 0
  func.func @symmetric() -> (!lathe.weight<1x8x<si4, block 1x4, scale <f32>>>, !lathe.weight<1x8x<si4, block 1x4, scale <f32>>>) {
    %w = lathe.param "w" from "inline" : <1x8xf32>
    %z = lathe.param "zeros" from "inline" : <1x8xf32>
    %q = lathe.quantize none %w : <1x8xf32> -> <1x8x<si4, block 1x4, scale <f32>>>
    %r = lathe.quantize none %z : <1x8xf32> -> <1x8x<si4, block 1x4, scale <f32>>>
    return %q, %r : !lathe.weight<1x8x<si4, block 1x4, scale <f32>>>, !lathe.weight<1x8x<si4, block 1x4, scale <f32>>>
  }

  // Blocks of two rows and both columns: scales 1 and 0.1.
  // CHECK-LABEL: @tall_blocks
  // CHECK-NEXT:  7, 1
  // CHECK-NEXT:  -3, 2
  // CHECK-NEXT:  0.7, 0.1
  // CHECK-NEXT:  0, 0.2
  func.func @tall_blocks() -> !lathe.weight<4x2x<si4, block 2x0, scale <f32>>> {
    %w = lathe.param "tall" from "inline" : <4x2xf32>
    %q = lathe.quantize none %w : <4x2xf32> -> <4x2x<si4, block 2x0, scale <f32>>>
    return %q : !lathe.weight<4x2x<si4, block 2x0, scale <f32>>>
  }

  // MXFP4 keeps its own values: block scales 1 and 4; 0.2 lies nearer to 0 than to 0.5.
  // CHECK-LABEL: @mxfp4
  // CHECK-NEXT:  6, -4, 3, 2, 1.5, 1, 0.5, 0, 24, 0, 2, 12, -8, 16, 4, 6
  func.func @mxfp4() -> !lathe.weight<1x16x<f4E2M1FN, block 1x8, scale <f8E8M0FNU>>> {
    %w = lathe.param "fp4" from "inline" : <1x16xf32>
    %q = lathe.quantize none %w : <1x16xf32> -> <1x16x<f4E2M1FN, block 1x8, scale <f8E8M0FNU>>>
    return %q : !lathe.weight<1x16x<f4E2M1FN, block 1x8, scale <f8E8M0FNU>>>
  }

  // The nearest entry of a table.
  // CHECK-LABEL: @table
  // CHECK-NEXT:  -1, 0.5, 1, 0
  func.func @table() -> !lathe.weight<1x4x<ui2, table [-1.0, 0.0, 0.5, 1.0], block 1x4, scale <f32>>> {
    %w = lathe.param "levels" from "inline" : <1x4xf32>
    %q = lathe.quantize none %w : <1x4xf32> -> <1x4x<ui2, table [-1.0, 0.0, 0.5, 1.0], block 1x4, scale <f32>>>
    return %q : !lathe.weight<1x4x<ui2, table [-1.0, 0.0, 0.5, 1.0], block 1x4, scale <f32>>>
  }

  // Just rounded: f16 keeps 7 and 0.5, f8E4M3FN has three bits behind the point: 3.4 goes to 3.5, 0.2 to 0.203125.
  // CHECK-LABEL: @floats
  // CHECK-NEXT:  7, -3.40039, 1, 0, 0.5, -0.5, 0.199951, 0
  // CHECK-LABEL: @floats
  // CHECK-NEXT:  7, -3.5, 1, 0, 0.5, -0.5, 0.203125, 0
  func.func @floats() -> (!lathe.weight<1x8xf16>, !lathe.weight<1x8xf8E4M3FN>) {
    %w = lathe.param "w" from "inline" : <1x8xf32>
    %h = lathe.quantize none %w : <1x8xf32> -> <1x8xf16>
    %e = lathe.quantize none %w : <1x8xf32> -> <1x8xf8E4M3FN>
    return %h, %e : !lathe.weight<1x8xf16>, !lathe.weight<1x8xf8E4M3FN>
  }

  // Minimum and maximum of each block are kept: scales 1 and 63, offsets 0 and -63.
  // CHECK-LABEL: @affine
  // CHECK-NEXT:  0, 1, 2, 15, -63, 0, 63, 882
  func.func @affine() -> !lathe.weight<1x8x<ui4, block 1x4, scale <f32>, offset <f32>>> {
    %w = lathe.param "affine" from "inline" : <1x8xf32>
    %q = lathe.quantize none %w : <1x8xf32> -> <1x8x<ui4, block 1x4, scale <f32>, offset <f32>>>
    return %q : !lathe.weight<1x8x<ui4, block 1x4, scale <f32>, offset <f32>>>
  }

  // As in Q4_K of llama.cpp: scales 1 and 63 are codes 1 and 63 with an f16 scale of 1, offsets 0 and -63 are codes 0 and
  // 63 with an f16 scale of -1.
  // CHECK-LABEL: @nested
  // CHECK-NEXT:  0, 1, 2, 15, -63, 0, 63, 882
  func.func @nested() -> !lathe.weight<1x8x<ui4, block 1x4, scale <ui6, block 1x2, scale <f16>>, offset <ui6, block 1x2, scale <f16>>>> {
    %w = lathe.param "affine" from "inline" : <1x8xf32>
    %q = lathe.quantize none %w : <1x8xf32> -> <1x8x<ui4, block 1x4, scale <ui6, block 1x2, scale <f16>>, offset <ui6, block 1x2, scale <f16>>>>
    return %q : !lathe.weight<1x8x<ui4, block 1x4, scale <ui6, block 1x2, scale <f16>>, offset <ui6, block 1x2, scale <f16>>>>
  }

  // Two bits have codes -2 to 1. Without a search the largest element is kept, by code 1. With one the scale is negative:
  // seven codes -1 and one -2, for which least squares gives 11.4 / 11. Codes that are all equal stand for the mean.
  // CHECK-LABEL: @clip
  // CHECK-NEXT:  0, 0, 0, 0, 0, 0, 0, 2.2
  // CHECK-LABEL: @clip
  // CHECK-NEXT:  1.03636, 1.03636, 1.03636, 1.03636, 1.03636, 1.03636, 1.03636, 2.07273
  // CHECK-LABEL: @clip
  // CHECK-NEXT:  1.0375, 1.0375, 1.0375, 1.0375, 1.0375, 1.0375, 1.0375, 1.0375
  func.func @clip() -> (!lathe.weight<1x8x<si2, block 1x8, scale <f32>>>, !lathe.weight<1x8x<si2, block 1x8, scale <f32>>>,
                        !lathe.weight<1x8x<si2, block 1x8, scale <f32>>>) {
    %w = lathe.param "outlier" from "inline" : <1x8xf32>
    %v = lathe.param "even" from "inline" : <1x8xf32>
    %q = lathe.quantize none %w : <1x8xf32> -> <1x8x<si2, block 1x8, scale <f32>>>
    %c = lathe.quantize mse %w : <1x8xf32> -> <1x8x<si2, block 1x8, scale <f32>>>
    %e = lathe.quantize mse %v : <1x8xf32> -> <1x8x<si2, block 1x8, scale <f32>>>
    return %q, %c, %e : !lathe.weight<1x8x<si2, block 1x8, scale <f32>>>, !lathe.weight<1x8x<si2, block 1x8, scale <f32>>>, !lathe.weight<1x8x<si2, block 1x8, scale <f32>>>
  }
}

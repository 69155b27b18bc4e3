// Weight expressions and encodings print as they are written.
// RUN: lathe-opt %s | lathe-opt | FileCheck %s
// RUN: lathe-opt %s --mlir-print-op-generic | lathe-opt | FileCheck %s

// Results are named after the key; params of the same name are told apart.
// CHECK-LABEL: func.func @expressions
func.func @expressions() -> !lathe.weight<8x8xf32> {
  // CHECK: %layers_0_q_proj = lathe.param "model.layers.0.self_attn.q_proj.weight" from "model" : <8x8xf32>
  %q = lathe.param "model.layers.0.self_attn.q_proj.weight" from "model" : !lathe.weight<8x8xf32>
  // CHECK: %layers_0_q_proj_0 = lathe.param "layers.0.q_proj" from "adapter" : <8x8xf32>
  %k = lathe.param "layers.0.q_proj" from "adapter" : !lathe.weight<8x8xf32>
  // CHECK: %encoder_layer_0_output_dense_bias = lathe.param
  %b = lathe.param "bert.encoder.layer.0.output.dense.bias" from "model" : !lathe.weight<8xf32>
  // CHECK: lathe.concat %{{.*}}, %{{.*}} : !lathe.weight<8x8xf32>, !lathe.weight<8x8xf32> -> <16x8xf32>
  %c = lathe.concat %q, %k : !lathe.weight<8x8xf32>, !lathe.weight<8x8xf32> -> !lathe.weight<16x8xf32>
  // CHECK: lathe.concat %{{.*}}, %{{.*}} : !lathe.weight<8xf32>, !lathe.weight<8xf32> -> <16xf32>
  %v = lathe.concat %b, %b : !lathe.weight<8xf32>, !lathe.weight<8xf32> -> !lathe.weight<16xf32>
  // CHECK: lathe.transpose %{{.*}} : <16x8xf32> -> <8x16xf32>
  %t = lathe.transpose %c : !lathe.weight<16x8xf32> -> !lathe.weight<8x16xf32>
  // CHECK: lathe.rows %{{.*}} from 4 : <16x8xf32> -> <8x8xf32>
  %r = lathe.rows %c from 4 : !lathe.weight<16x8xf32> -> !lathe.weight<8x8xf32>
  // CHECK: lathe.rows %{{.*}} from 15 : <16x8xf32> -> <8xf32>
  %one = lathe.rows %c from 15 : !lathe.weight<16x8xf32> -> !lathe.weight<8xf32>
  // CHECK: lathe.scale_columns %{{.*}} by %{{.*}} : <8x8xf32>, <8xf32> -> <8x8xf32>
  %s = lathe.scale_columns %r by %one : !lathe.weight<8x8xf32>, !lathe.weight<8xf32> -> !lathe.weight<8x8xf32>
  // CHECK: lathe.prune %{{.*}} share 5.000000e-01 : <8x8xf32>
  %p = lathe.prune %s share 0.5 : !lathe.weight<8x8xf32>
  // CHECK: lathe.prune %{{.*}} threshold 1.000000e-03 : <8x8xf32>
  %h = lathe.prune %p threshold 0.001 : !lathe.weight<8x8xf32>
  // CHECK: %{{.*}}, %{{.*}} = lathe.low_rank %{{.*}} : <8x8xf32> -> <8x3xf32>, <3x8xf32>
  %left, %right = lathe.low_rank %h : !lathe.weight<8x8xf32> -> !lathe.weight<8x3xf32>, !lathe.weight<3x8xf32>
  // CHECK: %[[Q:.*]] = lathe.quantize mse %{{.*}} : <8x8xf32> -> <8x8x<si4, block 1x4, scale <f16>>>
  %i = lathe.quantize mse %h : !lathe.weight<8x8xf32> -> !lathe.weight<8x8x<si4, block 1x4, scale <f16>>>
  // CHECK: lathe.quantize none
  %n = lathe.quantize none %h : !lathe.weight<8x8xf32> -> !lathe.weight<8x8x<si4, block 1x4, scale <f16>>>
  // CHECK: lathe.difference %{{.*}}, %[[Q]] : <8x8xf32>, <8x8x<si4, block 1x4, scale <f16>>> -> <8x8xf32>
  %d = lathe.difference %h, %i : !lathe.weight<8x8xf32>, !lathe.weight<8x8x<si4, block 1x4, scale <f16>>> -> !lathe.weight<8x8xf32>
  // CHECK: lathe.pack %[[Q]] : <8x8x<si4, block 1x4, scale <f16>>> -> <8x8x<si4, block 1x4, scale <f16>>, panel 64>
  %k64 = lathe.pack %i : !lathe.weight<8x8x<si4, block 1x4, scale <f16>>> -> !lathe.weight<8x8x<si4, block 1x4, scale <f16>>, panel 64>
  return %d : !lathe.weight<8x8xf32>
}

// CHECK-LABEL: func.func private @encodings(
func.func private @encodings(
  // CHECK-SAME: !lathe.weight<8xbf16>,
  !lathe.weight<8xbf16>,
  // A plain encoding may be written out; it prints short.
  // CHECK-SAME: !lathe.weight<8x64xf16>,
  !lathe.weight<8x64x<f16>>,
  // CHECK-SAME: !lathe.weight<8x64xf8E4M3FN, panel 64>,
  !lathe.weight<8x64xf8E4M3FN, panel 64>,
  // int8, a scale for each row.
  // CHECK-SAME: !lathe.weight<8x64x<si8, block 1x0, scale <f32>>>,
  !lathe.weight<8x64x<si8, block 1x0, scale <f32>>>,
  // Q4_K of llama.cpp.
  // CHECK-SAME: !lathe.weight<8x256x<ui4, block 1x32, scale <ui6, block 1x8, scale <f16>>, offset <ui6, block 1x8, scale <f16>>>>,
  !lathe.weight<8x256x<ui4, block 1x32, scale <ui6, block 1x8, scale <f16>>, offset <ui6, block 1x8, scale <f16>>>>,
  // MXFP4.
  // CHECK-SAME: !lathe.weight<8x64x<f4E2M1FN, block 1x32, scale <f8E8M0FNU>>>,
  !lathe.weight<8x64x<f4E2M1FN, block 1x32, scale <f8E8M0FNU>>>,
  // A table, blocks of several rows.
  // CHECK-SAME: !lathe.weight<8x64x<ui2, table [-1.000000e+00, 0.000000e+00, 5.000000e-01, 1.000000e+00], block 4x16, scale <f32>>>,
  !lathe.weight<8x64x<ui2, table [-1.0, 0.0, 0.5, 1.0], block 4x16, scale <f32>>>,
  // Pruned.
  // CHECK-SAME: !lathe.weight<8x64x<si8, block 1x0, scale <f32>, bitmap>>)
  !lathe.weight<8x64x<si8, block 1x0, scale <f32>, bitmap>>)

// RUN: lathe-opt %s --lathe-quantize-activations -split-input-file -verify-diagnostics --remark-format=emitRemark --remarks-filter='.*' | FileCheck %s
// RUN: not lathe-opt %s --lathe-quantize-activations=channel-group=0 -split-input-file 2>&1 | FileCheck %s --check-prefix=ERROR

// ERROR: error: channel-group is positive, got 0

// Linears of one input share its codes; per-channel weights take groups of the option's size.
// CHECK-LABEL: @groups
// CHECK-DAG: %[[Q64:.*]] = lathe.quantize_rows %arg0 : tensor<?x128xf32> -> tensor<?x128xi8, #lathe.quantized_rows<64>>
// CHECK-DAG: %[[Q32:.*]] = lathe.quantize_rows %arg0 : tensor<?x128xf32> -> tensor<?x128xi8, #lathe.quantized_rows<32>>
// CHECK-NOT: quantize_rows
// CHECK: lathe.linear %[[Q32]]
// CHECK: lathe.linear %[[Q32]]
// CHECK: lathe.linear %[[Q64]]
func.func @groups(%x: tensor<?x128xf32>) -> tensor<?x8xf32> {
  %w = lathe.param "w" from "model" : !lathe.weight<8x128xf32>
  %g32 = lathe.quantize none %w : !lathe.weight<8x128xf32> -> !lathe.weight<8x128x<si4, block 1x32, scale <f16>>>
  %o32 = lathe.quantize none %w : !lathe.weight<8x128xf32> -> !lathe.weight<8x128x<ui4, block 1x32, scale <f16>, offset <f16>>>
  %ch = lathe.quantize none %w : !lathe.weight<8x128xf32> -> !lathe.weight<8x128x<si8, block 1x0, scale <f32>>>
  // expected-remark@+1 {{multiplies int8 activations in groups of 32}}
  %0 = lathe.linear %x, [%g32] : tensor<?x128xf32>, [!lathe.weight<8x128x<si4, block 1x32, scale <f16>>>] -> tensor<?x8xf32>
  // expected-remark@+1 {{multiplies int8 activations in groups of 32}}
  %1 = lathe.linear %x, [%o32] : tensor<?x128xf32>, [!lathe.weight<8x128x<ui4, block 1x32, scale <f16>, offset <f16>>>] -> tensor<?x8xf32>
  // expected-remark@+1 {{multiplies int8 activations in groups of 64}}
  %2 = lathe.linear %x, [%ch] : tensor<?x128xf32>, [!lathe.weight<8x128x<si8, block 1x0, scale <f32>>>] -> tensor<?x8xf32>
  %3 = lathe.add %0, %1 : tensor<?x8xf32>
  %4 = lathe.add %3, %2 : tensor<?x8xf32>
  return %4 : tensor<?x8xf32>
}

// -----

// CHECK-LABEL: @floats
// CHECK-NOT: quantize_rows
func.func @floats(%x: tensor<?x128xf32>, %q: tensor<?x128xi8, #lathe.quantized_rows<64>>) -> tensor<?x8xf32> {
  %w = lathe.param "w" from "model" : !lathe.weight<8x128xbf16>
  %t = lathe.quantize none %w : !lathe.weight<8x128xbf16> -> !lathe.weight<8x128x<si8, block 0x0, scale <f32>>>
  %f = lathe.quantize none %w : !lathe.weight<8x128xbf16> -> !lathe.weight<8x128x<f4E2M1FN, block 1x32, scale <f8E8M0FNU>>>
  %c = lathe.quantize none %w : !lathe.weight<8x128xbf16> -> !lathe.weight<8x128x<si8, block 1x0, scale <f32>>>
  // expected-remark@+1 {{multiplies floats: its weight is bf16}}
  %0 = lathe.linear %x, [%w] : tensor<?x128xf32>, [!lathe.weight<8x128xbf16>] -> tensor<?x8xf32>
  // expected-remark@+1 {{multiplies floats: its weight shares a scale between rows}}
  %1 = lathe.linear %x, [%t] : tensor<?x128xf32>, [!lathe.weight<8x128x<si8, block 0x0, scale <f32>>>] -> tensor<?x8xf32>
  // expected-remark@+1 {{multiplies floats: the codes of its weight are not integers}}
  %2 = lathe.linear %x, [%f] : tensor<?x128xf32>, [!lathe.weight<8x128x<f4E2M1FN, block 1x32, scale <f8E8M0FNU>>>] -> tensor<?x8xf32>
  // Quantized already: left alone, without a word.
  %3 = lathe.linear %q, [%c] : tensor<?x128xi8, #lathe.quantized_rows<64>>, [!lathe.weight<8x128x<si8, block 1x0, scale <f32>>>] -> tensor<?x8xf32>
  %4 = lathe.add %0, %1 : tensor<?x8xf32>
  %5 = lathe.add %2, %3 : tensor<?x8xf32>
  %6 = lathe.add %4, %5 : tensor<?x8xf32>
  return %6 : tensor<?x8xf32>
}

// -----

// Where all that reads a rounded tensor reads its codes instead, the rounding goes.
// CHECK-LABEL: @rounded
// CHECK: %[[Q:.*]] = lathe.quantize_rows %arg0 : tensor<?x64xf32>
// CHECK: lathe.linear %[[Q]]
// CHECK: %[[KEPT:.*]] = lathe.convert %arg1
// CHECK: lathe.quantize_rows %[[KEPT]] : tensor<?x64xbf16>
// CHECK: return %{{.*}}, %{{.*}}, %[[KEPT]]
!q = !lathe.weight<8x64x<si8, block 1x0, scale <f32>>>
func.func @rounded(%x: tensor<?x64xf32>, %y: tensor<?x64xf32>, %w: !q) -> (tensor<?x8xf32>, tensor<?x8xf32>, tensor<?x64xbf16>) {
  %0 = lathe.convert %x : tensor<?x64xf32> -> tensor<?x64xbf16>
  // expected-remark@+1 {{multiplies int8 activations}}
  %1 = lathe.linear %0, [%w] : tensor<?x64xbf16>, [!q] -> tensor<?x8xf32>
  %2 = lathe.convert %y : tensor<?x64xf32> -> tensor<?x64xbf16>
  // expected-remark@+1 {{multiplies int8 activations}}
  %3 = lathe.linear %2, [%w] : tensor<?x64xbf16>, [!q] -> tensor<?x8xf32>
  return %1, %3, %2 : tensor<?x8xf32>, tensor<?x8xf32>, tensor<?x64xbf16>
}

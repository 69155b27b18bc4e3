// RUN: lathe-opt %s --lathe-pack-weights -split-input-file -verify-diagnostics --remark-format=emitRemark --remarks-filter='.*' | FileCheck %s

// A tied matrix is packed once; vectors stay as they are.
// CHECK-LABEL: @tied
// CHECK: %[[P:.*]] = lathe.pack %e : <32x8xf32> -> <32x8xf32, panel 64>
// CHECK: lathe.embedding %{{.*}}, %[[P]]
// CHECK: lathe.rms_norm %{{.*}}, %n
// CHECK: lathe.linear %{{.*}}, [%[[P]]]
// CHECK-NOT: lathe.pack
func.func @tied(%batch: !lathe.batch) -> tensor<?x32xf32> {
  // expected-remark@+1 {{one stored copy serves 2 uses}}
  %e = lathe.param "e" from "model" : !lathe.weight<32x8xf32>
  %n = lathe.param "n" from "model" : !lathe.weight<8xf32>
  %t = lathe.tokens %batch : tensor<?xi32>
  %x = lathe.embedding %t, %e : tensor<?xi32>, !lathe.weight<32x8xf32> -> tensor<?x8xf32>
  %h = lathe.rms_norm %x, %n epsilon 1.0e-5 : tensor<?x8xf32>, !lathe.weight<8xf32>
  %y = lathe.linear %h, [%e] : tensor<?x8xf32>, [!lathe.weight<32x8xf32>] -> tensor<?x32xf32>
  return %y : tensor<?x32xf32>
}

// -----

// What is encoded is packed as it is encoded; what is packed is left alone; dispatches are looked into for nothing.
// CHECK-LABEL: @encoded
// CHECK: %[[Q:.*]] = lathe.quantize
// CHECK: %[[P:.*]] = lathe.pack %[[Q]] : <32x64x<si4, block 1x32, scale <f16>>> -> <32x64x<si4, block 1x32, scale <f16>>, panel 64>
// CHECK: lathe.linear %arg0, [%[[P]]]
// CHECK-NOT: lathe.pack
func.func @encoded(%x: tensor<?x64xf32>, %packed: !lathe.weight<32x64xf32, panel 64>) -> tensor<?x32xf32> {
  %w = lathe.param "w" from "model" : !lathe.weight<32x64xf32>
  %q = lathe.quantize none %w : !lathe.weight<32x64xf32> -> !lathe.weight<32x64x<si4, block 1x32, scale <f16>>>
  %0 = lathe.linear %x, [%q] : tensor<?x64xf32>, [!lathe.weight<32x64x<si4, block 1x32, scale <f16>>>] -> tensor<?x32xf32>
  %1 = lathe.linear %x, [%packed] : tensor<?x64xf32>, [!lathe.weight<32x64xf32, panel 64>] -> tensor<?x32xf32>
  %2 = lathe.add %0, %1 : tensor<?x32xf32>
  return %2 : tensor<?x32xf32>
}

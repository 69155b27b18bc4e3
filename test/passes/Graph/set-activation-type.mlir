// RUN: lathe-opt %s --lathe-set-activation-type=type=bf16 | FileCheck %s
// RUN: lathe-opt %s --lathe-set-activation-type=type=f32 | FileCheck %s --check-prefix=WIDE
// RUN: lathe-opt %s --lathe-set-activation-type=type=f16 | sed s/f16/bf16/g | FileCheck %s
// RUN: not lathe-opt %s --lathe-set-activation-type=type=f8E4M3FN 2>&1 | FileCheck %s --check-prefix=ERROR

// ERROR: error: no activation type 'f8E4M3FN'; use f32, bf16 or f16
// WIDE-NOT: lathe.convert

// What leaves a step is rounded once; element-wise work within a step is not, and the result stays f32.
// CHECK-LABEL: @layer
// CHECK: %[[X:.*]] = lathe.embedding
// CHECK: %[[XB:.*]] = lathe.convert %[[X]] : tensor<?x8xf32> -> tensor<?x8xbf16>
// CHECK: %[[XW:.*]] = lathe.convert %[[XB]] : tensor<?x8xbf16> -> tensor<?x8xf32>
// CHECK: %[[N:.*]] = lathe.rms_norm %[[XW]]
// CHECK: %[[NB:.*]] = lathe.convert %[[N]] : tensor<?x8xf32> -> tensor<?x8xbf16>
// CHECK: %[[Y:.*]] = lathe.linear %[[NB]], [%w] : tensor<?x8xbf16>, [!lathe.weight<16x8xf32>] -> tensor<?x16xf32>
// CHECK: %[[YB:.*]] = lathe.convert %[[Y]] : tensor<?x16xf32> -> tensor<?x16xbf16>
// CHECK: %[[PARTS:.*]]:2 = lathe.split %[[YB]] : tensor<?x16xbf16> -> tensor<?x8xbf16>, tensor<?x8xbf16>
// CHECK: %[[A:.*]] = lathe.attention %[[PARTS]]#0 keys %[[PARTS]]#1 values %[[PARTS]]#1
// CHECK-SAME: -> tensor<?x8xbf16>
// CHECK: %[[O:.*]] = lathe.linear %[[A]], [%o] : tensor<?x8xbf16>
// CHECK-NOT: lathe.convert %[[O]]
// CHECK: %[[XW2:.*]] = lathe.convert %[[XB]] : tensor<?x8xbf16> -> tensor<?x8xf32>
// CHECK: %[[R:.*]] = lathe.add %[[XW2]], %[[O]]
// CHECK: return %[[R]] : tensor<?x8xf32>
func.func @layer(%batch: !lathe.batch) -> tensor<?x8xf32> {
  %t = lathe.tokens %batch : tensor<?xi32>
  %e = lathe.param "e" from "model" : !lathe.weight<32x8xf32>
  %s = lathe.param "s" from "model" : !lathe.weight<8xf32>
  %w = lathe.param "w" from "model" : !lathe.weight<16x8xf32>
  %o = lathe.param "o" from "model" : !lathe.weight<8x8xf32>
  %x = lathe.embedding %t, %e : tensor<?xi32>, !lathe.weight<32x8xf32> -> tensor<?x8xf32>
  %n = lathe.rms_norm %x, %s epsilon 1.0e-5 : tensor<?x8xf32>, !lathe.weight<8xf32>
  %y = lathe.linear %n, [%w] : tensor<?x8xf32>, [!lathe.weight<16x8xf32>] -> tensor<?x16xf32>
  %q, %k = lathe.split %y : tensor<?x16xf32> -> tensor<?x8xf32>, tensor<?x8xf32>
  %a = lathe.attention %q keys %k values %k, %batch heads 2 over 2 scale 0.5 : tensor<?x8xf32>, tensor<?x8xf32>, tensor<?x8xf32> -> tensor<?x8xf32>
  %p = lathe.linear %a, [%o] : tensor<?x8xf32>, [!lathe.weight<8x8xf32>] -> tensor<?x8xf32>
  %r = lathe.add %x, %p : tensor<?x8xf32>
  return %r : tensor<?x8xf32>
}

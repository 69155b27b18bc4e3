// RUN: lathe-interpret %s | FileCheck %s

lathe.state @s : !lathe.state<fixed 2xf32>

// sigmoid(0) = 1/2, sigmoid(100) = 1: the first column halves, the second adds up. The state lives across calls, and
// position 0 starts a sequence anew; slots are apart.
// CHECK-LABEL: @scan
// CHECK-NEXT:  8, 8
// CHECK-NEXT:  5, 9
// CHECK-NEXT:  1, 1
// CHECK-LABEL: @scan
// CHECK-NEXT:  2.5, 9
// CHECK-LABEL: @scan
// CHECK-NEXT:  3, 4
func.func @scan(%x: tensor<?x2xf32> {lathe.value = [dense<[[8.0, 8.0], [1.0, 1.0], [1.0, 1.0]]> : tensor<3x2xf32>,
                    dense<[[0.0, 0.0]]> : tensor<1x2xf32>, dense<[[3.0, 4.0]]> : tensor<1x2xf32>]},
                %gate: tensor<?x2xf32> {lathe.value = [dense<[[0.0, 100.0], [0.0, 100.0], [0.0, 100.0]]> : tensor<3x2xf32>,
                    dense<[[0.0, 100.0]]> : tensor<1x2xf32>, dense<[[0.0, 100.0]]> : tensor<1x2xf32>]},
                %batch: !lathe.batch {lathe.value = [
                    {tokens = array<i32: 0, 0, 0>, positions = array<i32: 0, 1, 0>, slots = array<i32: 0, 0, 1>},
                    {tokens = array<i32: 0>, positions = array<i32: 2>}, {tokens = array<i32: 0>}]}) -> tensor<?x2xf32> {
  %s = lathe.decay_scan %x, %gate, %batch in @s : tensor<?x2xf32>
  return %s : tensor<?x2xf32>
}

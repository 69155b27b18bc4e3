// RUN: lathe-interpret %s | FileCheck %s

module {
  // The likeliest first, the lower id among equals; -1 behind the last. Sums: e^0 + e^0 + e^-1 (+ e^-3).
  // CHECK-LABEL: @top
  // CHECK-NEXT:  1, 3, 0, 2, 2, 1, 2.3678{{[0-9]*}}, 2, 2.3678{{[0-9]*}}
  // CHECK-NEXT:  0, -1, -1, 5, -inf, -inf, 1, 5, 1
  // CHECK-NEXT:  -1, -1, -1, -inf, -inf, -inf, 0, -inf, 0
  func.func @top(%x: tensor<?x4xf32> {lathe.value = dense<[[1.0, 2.0, 0xFF800000, 2.0], [5.0, 0xFF800000, 0xFF800000, 0xFF800000],
                                                           [0xFF800000, 0xFF800000, 0xFF800000, 0xFF800000]]> : tensor<3x4xf32>},
                 %batch: !lathe.batch {lathe.value = {tokens = array<i32: 0, 0, 0>}}) -> tensor<?x9xf32> {
    %t = lathe.top_logits %x, %batch count 3 : tensor<?x4xf32> -> tensor<?x9xf32>
    return %t : tensor<?x9xf32>
  }
}

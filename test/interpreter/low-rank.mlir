// RUN: lathe-interpret %s | FileCheck %s

// W = 4 (3/5, 4/5) (1, 0)^T + 1 (-4/5, 3/5) (0, 1)^T: singular values 4 and 1. Rank 1 keeps the first term, rank 2 all.
// The factors' signs are free, so it is their product that is shown: the identity through R, then through L.
module attributes {lathe.inline = {
    w = dense<[[2.4, -0.8], [3.2, 0.6]]> : tensor<2x2xf32>, wide = dense<[[3.0, 0.0, 4.0]]> : tensor<1x3xf32>}} {
  // CHECK-LABEL: @rank1
  // CHECK-NEXT:  2.4, 3.2
  // CHECK-NEXT:  {{-?(0|[0-9.]+e-[0-9]+)}}, {{-?(0|[0-9.]+e-[0-9]+)}}
  func.func @rank1(%x: tensor<?x2xf32> {lathe.value = dense<[[1.0, 0.0], [0.0, 1.0]]> : tensor<2x2xf32>}) -> tensor<?x2xf32> {
    %w = lathe.param "w" from "inline" : <2x2xf32>
    %l, %r = lathe.low_rank %w : <2x2xf32> -> <2x1xf32>, <1x2xf32>
    %h = lathe.linear %x, [%r] : tensor<?x2xf32>, [!lathe.weight<1x2xf32>] -> tensor<?x1xf32>
    %y = lathe.linear %h, [%l] : tensor<?x1xf32>, [!lathe.weight<2x1xf32>] -> tensor<?x2xf32>
    return %y : tensor<?x2xf32>
  }

  // CHECK-LABEL: @rank2
  // CHECK-NEXT:  2.4, 3.2
  // CHECK-NEXT:  -0.8, 0.6
  func.func @rank2(%x: tensor<?x2xf32> {lathe.value = dense<[[1.0, 0.0], [0.0, 1.0]]> : tensor<2x2xf32>}) -> tensor<?x2xf32> {
    %w = lathe.param "w" from "inline" : <2x2xf32>
    %l, %r = lathe.low_rank %w : <2x2xf32> -> <2x2xf32>, <2x2xf32>
    %h = lathe.linear %x, [%r] : tensor<?x2xf32>, [!lathe.weight<2x2xf32>] -> tensor<?x2xf32>
    %y = lathe.linear %h, [%l] : tensor<?x2xf32>, [!lathe.weight<2x2xf32>] -> tensor<?x2xf32>
    return %y : tensor<?x2xf32>
  }

  // More columns than rows. Each factor takes the root of the singular value, 5.
  // CHECK-LABEL: @wide
  // CHECK-NEXT:  {{-?}}2.23607
  func.func @wide() -> !lathe.weight<1x1xf32> {
    %w = lathe.param "wide" from "inline" : <1x3xf32>
    %l, %r = lathe.low_rank %w : <1x3xf32> -> <1x1xf32>, <1x3xf32>
    return %l : !lathe.weight<1x1xf32>
  }
}

// RUN: lathe-interpret %s | FileCheck %s

module attributes {lathe.inline = {
    a = dense<[[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]> : tensor<2x3xf32>, b = dense<[[7.0, 8.0, 9.0]]> : tensor<1x3xf32>,
    v = dense<[10.0, 20.0, 30.0]> : tensor<3xf32>, u = dense<[40.0]> : tensor<1xf32>,
    p = dense<[[-1.0, 0.5], [1.0, -0.25]]> : tensor<2x2xf32>}} {
  // CHECK-LABEL: @concat
  // CHECK-NEXT:  1, 2, 3
  // CHECK-NEXT:  4, 5, 6
  // CHECK-NEXT:  7, 8, 9
  // CHECK-LABEL: @concat
  // CHECK-NEXT:  10, 20, 30, 40
  func.func @concat() -> (!lathe.weight<3x3xf32>, !lathe.weight<4xf32>) {
    %a = lathe.param "a" from "inline" : <2x3xf32>
    %b = lathe.param "b" from "inline" : <1x3xf32>
    %v = lathe.param "v" from "inline" : <3xf32>
    %u = lathe.param "u" from "inline" : <1xf32>
    %m = lathe.concat %a, %b : !lathe.weight<2x3xf32>, !lathe.weight<1x3xf32> -> <3x3xf32>
    %c = lathe.concat %v, %u : !lathe.weight<3xf32>, !lathe.weight<1xf32> -> <4xf32>
    return %m, %c : !lathe.weight<3x3xf32>, !lathe.weight<4xf32>
  }

  // CHECK-LABEL: @transpose
  // CHECK-NEXT:  1, 4
  // CHECK-NEXT:  2, 5
  // CHECK-NEXT:  3, 6
  func.func @transpose() -> !lathe.weight<3x2xf32> {
    %a = lathe.param "a" from "inline" : <2x3xf32>
    %t = lathe.transpose %a : <2x3xf32> -> <3x2xf32>
    return %t : !lathe.weight<3x2xf32>
  }

  // CHECK-LABEL: @rows
  // CHECK-NEXT:  4, 5, 6
  // CHECK-LABEL: @rows
  // CHECK-NEXT:  20, 30
  func.func @rows() -> (!lathe.weight<3xf32>, !lathe.weight<2xf32>) {
    %a = lathe.param "a" from "inline" : <2x3xf32>
    %v = lathe.param "v" from "inline" : <3xf32>
    %r = lathe.rows %a from 1 : <2x3xf32> -> <3xf32>
    %s = lathe.rows %v from 1 : <3xf32> -> <2xf32>
    return %r, %s : !lathe.weight<3xf32>, !lathe.weight<2xf32>
  }

  // CHECK-LABEL: @arithmetic
  // CHECK-NEXT:  10, 40, 90
  // CHECK-NEXT:  40, 100, 180
  // CHECK-LABEL: @arithmetic
  // CHECK-NEXT:  9, 38, 87
  // CHECK-NEXT:  36, 95, 174
  func.func @arithmetic() -> (!lathe.weight<2x3xf32>, !lathe.weight<2x3xf32>) {
    %a = lathe.param "a" from "inline" : <2x3xf32>
    %v = lathe.param "v" from "inline" : <3xf32>
    %s = lathe.scale_columns %a by %v : <2x3xf32>, <3xf32> -> <2x3xf32>
    %d = lathe.difference %s, %a : <2x3xf32>, <2x3xf32> -> <2x3xf32>
    return %s, %d : !lathe.weight<2x3xf32>, !lathe.weight<2x3xf32>
  }

  // Half of four elements; of the equal ones the first goes. A threshold keeps what reaches it.
  // CHECK-LABEL: @prune
  // CHECK-NEXT:  -1, 0
  // CHECK-NEXT:  1, 0
  // CHECK-LABEL: @prune
  // CHECK-NEXT:  0, 0
  // CHECK-NEXT:  1, 0
  // CHECK-LABEL: @prune
  // CHECK-NEXT:  -1, 0.5
  // CHECK-NEXT:  1, 0
  func.func @prune() -> (!lathe.weight<2x2xf32>, !lathe.weight<2x2xf32>, !lathe.weight<2x2xf32>) {
    %p = lathe.param "p" from "inline" : <2x2xf32>
    %h = lathe.prune %p share 5.0e-01 : <2x2xf32>
    %q = lathe.prune %p share 7.5e-01 : <2x2xf32>
    %t = lathe.prune %p threshold 5.0e-01 : <2x2xf32>
    return %h, %q, %t : !lathe.weight<2x2xf32>, !lathe.weight<2x2xf32>, !lathe.weight<2x2xf32>
  }

  // CHECK-LABEL: @pack
  // CHECK-NEXT:  1, 2, 3
  // CHECK-NEXT:  4, 5, 6
  func.func @pack() -> !lathe.weight<2x3xf32, panel 64> {
    %a = lathe.param "a" from "inline" : <2x3xf32>
    %p = lathe.pack %a : <2x3xf32> -> <2x3xf32, panel 64>
    return %p : !lathe.weight<2x3xf32, panel 64>
  }
}

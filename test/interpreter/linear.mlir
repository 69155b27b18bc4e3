// RUN: lathe-interpret %s | FileCheck %s

module attributes {lathe.inline = {
    w = dense<[[1.0, 2.0], [3.0, -4.0], [0.0, 0.5]]> : tensor<3x2xf32>,
    v = dense<[[1.0, 0.0], [0.0, 1.0], [1.0, 1.0]]> : tensor<3x2xf32>}} {
  // y[m, n] = sum over k of x[m, k] W[n, k]; several weights share x.
  // CHECK-LABEL: @two_weights
  // CHECK-NEXT:  50, -50, 10
  // CHECK-NEXT:  -1, -3, 0
  // CHECK-LABEL: @two_weights
  // CHECK-NEXT:  10, 20, 30
  // CHECK-NEXT:  -1, 0, -1
  func.func @two_weights(%x: tensor<?x2xf32> {lathe.value = dense<[[10.0, 20.0], [-1.0, 0.0]]> : tensor<2x2xf32>})
      -> (tensor<?x3xf32>, tensor<?x3xf32>) {
    %w = lathe.param "w" from "inline" : <3x2xf32>
    %v = lathe.param "v" from "inline" : <3x2xf32>
    %y, %z = lathe.linear %x, [%w, %v] : tensor<?x2xf32>, [!lathe.weight<3x2xf32>, !lathe.weight<3x2xf32>] -> tensor<?x3xf32>, tensor<?x3xf32>
    return %y, %z : tensor<?x3xf32>, tensor<?x3xf32>
  }

  // No rows in, no rows out.
  // CHECK-LABEL: @no_rows
  // CHECK-NOT:   {{[0-9]}}
  // CHECK:       @bias
  // CHECK-NEXT:  11, 22
  func.func @no_rows(%x: tensor<?x2xf32> {lathe.value = dense<> : tensor<0x2xf32>}) -> tensor<?x3xf32> {
    %w = lathe.param "w" from "inline" : <3x2xf32>
    %y = lathe.linear %x, [%w] : tensor<?x2xf32>, [!lathe.weight<3x2xf32>] -> tensor<?x3xf32>
    return %y : tensor<?x3xf32>
  }

  func.func @bias(%x: tensor<?x2xf32> {lathe.value = dense<[[10.0, 20.0]]> : tensor<1x2xf32>}) -> tensor<?x2xf32> {
    %w = lathe.param "w" from "inline" : <3x2xf32>
    %b = lathe.rows %w from 0 : <3x2xf32> -> <2xf32>
    %y = lathe.bias %x, %b : tensor<?x2xf32>, <2xf32>
    return %y : tensor<?x2xf32>
  }
}

// RUN: lathe-interpret %s | FileCheck %s

module attributes {lathe.inline = {
    scale = dense<[1.0, 2.0]> : tensor<2xf32>, bias = dense<[10.0, 20.0]> : tensor<2xf32>,
    half = dense<[0.5, 0.5]> : tensor<2xf32>}} {
  // mean(x^2) = 25; zeros stay zeros.
  // CHECK-LABEL: @rms
  // CHECK-NEXT:  0.2, 2.8
  // CHECK-NEXT:  0, 0
  func.func @rms(%x: tensor<?x2xf32> {lathe.value = dense<[[1.0, 7.0], [0.0, 0.0]]> : tensor<2x2xf32>}) -> tensor<?x2xf32> {
    %s = lathe.param "scale" from "inline" : <2xf32>
    %y = lathe.rms_norm %x, %s epsilon 1.0e-12 : tensor<?x2xf32>, !lathe.weight<2xf32>
    return %y : tensor<?x2xf32>
  }

  // Without a scale.
  // CHECK-LABEL: @rms_alone
  // CHECK-NEXT:  0.2, 1.4
  func.func @rms_alone(%x: tensor<?x2xf32> {lathe.value = dense<[[1.0, 7.0]]> : tensor<1x2xf32>}) -> tensor<?x2xf32> {
    %y = lathe.rms_norm %x epsilon 1.0e-12 : tensor<?x2xf32>
    return %y : tensor<?x2xf32>
  }

  // epsilon counts: mean(x^2) + epsilon = 4.
  // CHECK-LABEL: @rms_epsilon
  // CHECK-NEXT:  0.25, 0.25
  func.func @rms_epsilon(%x: tensor<?x2xf32> {lathe.value = dense<[[1.0, 1.0]]> : tensor<1x2xf32>}) -> tensor<?x2xf32> {
    %s = lathe.param "half" from "inline" : <2xf32>
    %y = lathe.rms_norm %x, %s epsilon 3.0 : tensor<?x2xf32>, !lathe.weight<2xf32>
    return %y : tensor<?x2xf32>
  }

  // Mean 5, variance 4, so -1 and 1 before scale and bias; a constant row gives the bias.
  // CHECK-LABEL: @layer
  // CHECK-NEXT:  9, 22
  // CHECK-NEXT:  10, 20
  func.func @layer(%x: tensor<?x2xf32> {lathe.value = dense<[[3.0, 7.0], [6.0, 6.0]]> : tensor<2x2xf32>}) -> tensor<?x2xf32> {
    %s = lathe.param "scale" from "inline" : <2xf32>
    %b = lathe.param "bias" from "inline" : <2xf32>
    %y = lathe.layer_norm %x, %s, %b epsilon 1.0e-12 : tensor<?x2xf32>, <2xf32>, <2xf32>
    return %y : tensor<?x2xf32>
  }

  // Below epsilon the length counts as epsilon.
  // CHECK-LABEL: @l2
  // CHECK-NEXT:  0.6, -0.8
  // CHECK-NEXT:  0, 0
  // CHECK-NEXT:  0.2, 0
  func.func @l2(%x: tensor<?x2xf32> {lathe.value = dense<[[3.0, -4.0], [0.0, 0.0], [0.1, 0.0]]> : tensor<3x2xf32>}) -> tensor<?x2xf32> {
    %y = lathe.l2_normalize %x epsilon 0.5 : tensor<?x2xf32>
    return %y : tensor<?x2xf32>
  }
}

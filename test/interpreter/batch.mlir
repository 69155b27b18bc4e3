// RUN: lathe-interpret %s | FileCheck %s

module attributes {lathe.inline = {
    table = dense<[[0.0, 0.5], [1.0, 1.5], [2.0, 2.5]]> : tensor<3x2xf32>}} {
  // CHECK-LABEL: @embedding
  // CHECK-NEXT:  2, 2.5
  // CHECK-NEXT:  0, 0.5
  // CHECK-NEXT:  2, 2.5
  func.func @embedding(%batch: !lathe.batch {lathe.value = {tokens = array<i32: 2, 0, 2>}}) -> tensor<?x2xf32> {
    %ids = lathe.tokens %batch : tensor<?xi32>
    %table = lathe.param "table" from "inline" : <3x2xf32>
    %x = lathe.embedding %ids, %table : tensor<?xi32>, <3x2xf32> -> tensor<?x2xf32>
    return %x : tensor<?x2xf32>
  }

  // CHECK-LABEL: @positions
  // CHECK-NEXT:  4, 5, 0
  func.func @positions(%batch: !lathe.batch {lathe.value = {tokens = array<i32: 1, 1, 1>, positions = array<i32: 4, 5, 0>,
      slots = array<i32: 0, 0, 3>}}) -> tensor<?xi32> {
    %p = lathe.positions %batch : tensor<?xi32>
    return %p : tensor<?xi32>
  }

  // Sequences of three rows and of one.
  // CHECK-LABEL: @pool
  // CHECK-NEXT:  3, 0
  // CHECK-NEXT:  5, 5
  // CHECK-LABEL: @pool
  // CHECK-NEXT:  1, 0
  // CHECK-NEXT:  5, 5
  // CHECK-LABEL: @pool
  // CHECK-NEXT:  6, 3
  // CHECK-NEXT:  5, 5
  // CHECK-LABEL: @pool
  // CHECK-NEXT:  6, 3
  // CHECK-NEXT:  5, 5
  func.func @pool(%x: tensor<?x2xf32> {lathe.value = dense<[[1.0, 0.0], [2.0, -3.0], [6.0, 3.0], [5.0, 5.0]]> : tensor<4x2xf32>},
                  %batch: !lathe.batch {lathe.value = {tokens = array<i32: 0, 0, 0, 0>, positions = array<i32: 0, 1, 2, 0>,
                                                       slots = array<i32: 1, 1, 1, 0>}})
      -> (tensor<?x2xf32>, tensor<?x2xf32>, tensor<?x2xf32>, tensor<?x2xf32>) {
    %mean = lathe.pool mean %x, %batch : tensor<?x2xf32>
    %first = lathe.pool first %x, %batch : tensor<?x2xf32>
    %last = lathe.pool last %x, %batch : tensor<?x2xf32>
    %max = lathe.pool max %x, %batch : tensor<?x2xf32>
    return %mean, %first, %last, %max : tensor<?x2xf32>, tensor<?x2xf32>, tensor<?x2xf32>, tensor<?x2xf32>
  }

  // CHECK-LABEL: @select_outputs
  // CHECK-NEXT:  2
  // CHECK-NEXT:  3
  // No row wants logits: none come out.
  // CHECK-LABEL: @select_outputs
  // CHECK-NOT:   {{[0-9]}}
  func.func @select_outputs(%x: tensor<?x1xf32> {lathe.value = [dense<[[1.0], [2.0], [3.0]]> : tensor<3x1xf32>,
                                                               dense<[[1.0]]> : tensor<1x1xf32>]},
                            %batch: !lathe.batch {lathe.value = [{tokens = array<i32: 0, 0, 0>, outputs = array<i64: 1, 2>},
                                                                 {tokens = array<i32: 0>, outputs = array<i64>}]})
      -> tensor<?x1xf32> {
    %y = lathe.select_outputs %x, %batch : tensor<?x1xf32>
    return %y : tensor<?x1xf32>
  }
}

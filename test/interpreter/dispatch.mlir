// RUN: lathe-interpret %s | FileCheck %s

module attributes {lathe.inline = {w = dense<[[1.0, 2.0], [3.0, 4.0]]> : tensor<2x2xf32>}} {
  // What stands in a dispatch means what it means outside.
  // CHECK-LABEL: @residual
  // CHECK-NEXT:  4, 9
  func.func @residual(%x: tensor<?x2xf32> {lathe.value = dense<[[1.0, 1.0]]> : tensor<1x2xf32>},
                      %r: tensor<?x2xf32> {lathe.value = dense<[[1.0, 2.0]]> : tensor<1x2xf32>}) -> tensor<?x2xf32> {
    %w = lathe.param "w" from "inline" : <2x2xf32>
    %y = lathe.dispatch (%a = %x : tensor<?x2xf32>, %b = %w : !lathe.weight<2x2xf32>, %c = %r : tensor<?x2xf32>) -> tensor<?x2xf32> {
      %0 = lathe.linear %a, [%b] : tensor<?x2xf32>, [!lathe.weight<2x2xf32>] -> tensor<?x2xf32>
      %1 = lathe.add %0, %c : tensor<?x2xf32>
      lathe.yield %1 : tensor<?x2xf32>
    }
    return %y : tensor<?x2xf32>
  }
}

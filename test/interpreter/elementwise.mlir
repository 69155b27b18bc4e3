// RUN: lathe-interpret %s | FileCheck %s

// CHECK-LABEL: @arithmetic
// CHECK-NEXT:  11, -18, 3
// CHECK-LABEL: @arithmetic
// CHECK-NEXT:  10, -40, 0
// CHECK-LABEL: @arithmetic
// CHECK-NEXT:  -0.5, -1, -1.5
func.func @arithmetic(%x: tensor<?x3xf32> {lathe.value = dense<[[1.0, 2.0, 3.0]]> : tensor<1x3xf32>},
                      %y: tensor<?x3xf32> {lathe.value = dense<[[10.0, -20.0, 0.0]]> : tensor<1x3xf32>})
    -> (tensor<?x3xf32>, tensor<?x3xf32>, tensor<?x3xf32>) {
  %0 = lathe.add %x, %y : tensor<?x3xf32>
  %1 = lathe.mul %x, %y : tensor<?x3xf32>
  %2 = lathe.scale %x by -0.5 : tensor<?x3xf32>
  return %0, %1, %2 : tensor<?x3xf32>, tensor<?x3xf32>, tensor<?x3xf32>
}

// Values from torch.nn.functional; far out the functions are 0 or x.
// CHECK-LABEL: @activations
// CHECK-NEXT:  -0.268941, 0, 1.76159, 100, -0
// CHECK-LABEL: @activations
// CHECK-NEXT:  -0.158655, 0, 1.9545, 100, -0
// CHECK-LABEL: @activations
// CHECK-NEXT:  -0.158808, 0, 1.9546, 100, -0
// CHECK-LABEL: @activations
// CHECK-NEXT:  0, 0, 2, 100, 0
// CHECK-LABEL: @activations
// CHECK-NEXT:  -0.761594, 0, 0.964028, 1, -1
// CHECK-LABEL: @activations
// CHECK-NEXT:  0.268941, 0.5, 0.880797, 1, 0
func.func @activations(%x: tensor<?x5xf32> {lathe.value = dense<[[-1.0, 0.0, 2.0, 100.0, -100.0]]> : tensor<1x5xf32>})
    -> (tensor<?x5xf32>, tensor<?x5xf32>, tensor<?x5xf32>, tensor<?x5xf32>, tensor<?x5xf32>, tensor<?x5xf32>) {
  %0 = lathe.activation silu %x : tensor<?x5xf32>
  %1 = lathe.activation gelu %x : tensor<?x5xf32>
  %2 = lathe.activation gelu_tanh %x : tensor<?x5xf32>
  %3 = lathe.activation relu %x : tensor<?x5xf32>
  %4 = lathe.activation tanh %x : tensor<?x5xf32>
  %5 = lathe.activation sigmoid %x : tensor<?x5xf32>
  return %0, %1, %2, %3, %4, %5 : tensor<?x5xf32>, tensor<?x5xf32>, tensor<?x5xf32>, tensor<?x5xf32>, tensor<?x5xf32>, tensor<?x5xf32>
}

// bf16 keeps 8 bits: 257 lies between 256 and 258 and goes to the even one; f16 keeps 11, and ends at 65504.
// CHECK-LABEL: @convert
// CHECK-NEXT:  256, 260, 2048, 70144
// CHECK-LABEL: @convert
// CHECK-NEXT:  257, 259, 2048, inf
func.func @convert(%x: tensor<?x4xf32> {lathe.value = dense<[[257.0, 259.0, 2049.0, 70000.0]]> : tensor<1x4xf32>})
    -> (tensor<?x4xbf16>, tensor<?x4xf16>) {
  %0 = lathe.convert %x : tensor<?x4xf32> -> tensor<?x4xbf16>
  %1 = lathe.convert %x : tensor<?x4xf32> -> tensor<?x4xf16>
  return %0, %1 : tensor<?x4xbf16>, tensor<?x4xf16>
}

// A result is rounded to its type, whichever op gives it: 256 + 1 in bf16.
// CHECK-LABEL: @bf16_sum
// CHECK-NEXT:  256
func.func @bf16_sum(%x: tensor<?x1xf32> {lathe.value = dense<[[256.0]]> : tensor<1x1xf32>},
                    %y: tensor<?x1xf32> {lathe.value = dense<[[1.0]]> : tensor<1x1xf32>}) -> tensor<?x1xbf16> {
  %0 = lathe.convert %x : tensor<?x1xf32> -> tensor<?x1xbf16>
  %1 = lathe.convert %y : tensor<?x1xf32> -> tensor<?x1xbf16>
  %2 = lathe.add %0, %1 : tensor<?x1xbf16>
  return %2 : tensor<?x1xbf16>
}

// CHECK-LABEL: @split
// CHECK-NEXT:  1, 2
// CHECK-NEXT:  4, 5
// CHECK-LABEL: @split
// CHECK-NEXT:  3
// CHECK-NEXT:  6
func.func @split(%x: tensor<?x3xf32> {lathe.value = dense<[[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]> : tensor<2x3xf32>})
    -> (tensor<?x2xf32>, tensor<?x1xf32>) {
  %a, %b = lathe.split %x : tensor<?x3xf32> -> tensor<?x2xf32>, tensor<?x1xf32>
  return %a, %b : tensor<?x2xf32>, tensor<?x1xf32>
}

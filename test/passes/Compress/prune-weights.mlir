// RUN: lathe-opt %s --lathe-prune-weights="share=0.75 pattern=w" --remark-format=emitRemark --remarks-filter='.*' 2>&1 | FileCheck %s
// RUN: lathe-opt %s --lathe-prune-weights="threshold=0.5" | FileCheck %s --check-prefix=THRESHOLD
// RUN: lathe-opt %s --lathe-prune-weights="share=0.3 pattern=w" --remark-format=emitRemark --remarks-filter='.*' 2>&1 | FileCheck %s --check-prefix=FEW
// RUN: lathe-opt %s --lathe-prune-weights="share=0.75 pattern=w" --lathe-quantize-weights="recipe='w -> int8 bitmap'" | FileCheck %s --check-prefix=BITMAP
// RUN: not lathe-opt %s --lathe-prune-weights="share=1.0" 2>&1 | FileCheck %s --check-prefix=SHARE
// RUN: not lathe-opt %s --lathe-prune-weights="share=0.5 threshold=0.1" 2>&1 | FileCheck %s --check-prefix=SHARE
// RUN: not lathe-opt %s --lathe-prune-weights="share=0.5 pattern=[" 2>&1 | FileCheck %s --check-prefix=PATTERN

// CHECK: remark: {{.*}}w: 75 % zeros, relative error 0.{{[0-9]+}}; 128 B -> 12 B in 8 bits with a bitmap (3 bits per weight)
// CHECK: remark: {{.*}}zeros anywhere save the time of reading them
// CHECK: %[[P:.*]] = lathe.prune %w share 7.5{{0*}}e-01 : <2x16xf32>
// CHECK: lathe.linear %arg0, [%[[P]]]
// CHECK: lathe.linear %arg0, [%other]
// THRESHOLD: lathe.prune %w threshold
// THRESHOLD: lathe.prune %other threshold
// FEW: remark: {{.*}}so few zeros save neither time nor bytes against int4 group 64
// BITMAP: lathe.prune %w share
// BITMAP: lathe.quantize mse %{{.*}} : <2x16xf32> -> <2x16x<si8, block 1x0, scale <f32>, bitmap>>
// SHARE: error: pruning needs either a share in [0, 1) or a threshold
// PATTERN: error: pattern: "[":
module attributes {lathe.inline = {w = dense<[[-0.47, 0.1, -0.49, 0.5, 0.03, -0.73, -0.53, -0.26, 0.47, -0.64, 0.43, 0.31, -0.83, 0.34, -0.82, -0.75], [0.19, -0.52, 0.75, -0.04, -0.35, 0.59, -0.94, 0.45, -0.89, -0.7, 0.9, 0.36, -0.55, -0.77, 0.95, 0.33]]> : tensor<2x16xf32>, other = dense<[[0.64, -0.72, 0.25, -0.29, -0.53, -0.33, 0.23, -0.3, -0.23, -0.73, 0.66, 0.3, 0.61, -0.13, 0.7, 0.03], [0.19, 0.15, 0.48, -0.21, -0.81, -0.93, -0.6, -0.92, 0.78, -0.04, 0.52, -1.0, -0.06, 0.78, 0.24, -0.14]]> : tensor<2x16xf32>}} {
  func.func @f(%x: tensor<?x16xf32>) -> (tensor<?x2xf32>, tensor<?x2xf32>) {
    %w = lathe.param "w" from "inline" : !lathe.weight<2x16xf32>
    %other = lathe.param "other" from "inline" : !lathe.weight<2x16xf32>
    %0 = lathe.linear %x, [%w] : tensor<?x16xf32>, [!lathe.weight<2x16xf32>] -> tensor<?x2xf32>
    %1 = lathe.linear %x, [%other] : tensor<?x16xf32>, [!lathe.weight<2x16xf32>] -> tensor<?x2xf32>
    return %0, %1 : tensor<?x2xf32>, tensor<?x2xf32>
  }
}

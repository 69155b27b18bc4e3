// RUN: lathe-opt %s --lathe-low-rank="energy=0.9999" --remark-format=emitRemark --remarks-filter='.*' 2>&1 | FileCheck %s
// RUN: lathe-opt %s --lathe-low-rank="rank=7" --remark-format=emitRemark --remarks-filter='.*' 2>&1 | FileCheck %s --check-prefix=NOGAIN
// RUN: lathe-opt %s --lathe-low-rank="rank=7 force" | FileCheck %s --check-prefix=FORCE
// RUN: lathe-opt %s --lathe-low-rank="rank=1 residual='int2 group 12'" --remark-format=emitRemark --remarks-filter='.*' 2>&1 | FileCheck %s --check-prefix=RESIDUAL
// RUN: lathe-opt %s --lathe-low-rank="rank=2" --lathe-quantize-weights="recipe='w -> int8'" | FileCheck %s --check-prefix=QUANTIZED
// RUN: not lathe-opt %s --lathe-low-rank 2>&1 | FileCheck %s --check-prefix=NEITHER
// RUN: not lathe-opt %s --lathe-low-rank="rank=9" 2>&1 | FileCheck %s --check-prefix=TOOMUCH
// RUN: not lathe-opt %s --lathe-low-rank="rank=1 residual=int1" 2>&1 | FileCheck %s --check-prefix=ENCODING

// A matrix of rank 2 is found to be one: 96 elements become 40.
// CHECK-DAG: remark: {{.*}}w: rank 2, relative error {{.*}}, 384 B -> 160 B with factors of 32 bits
// CHECK-DAG: remark: {{.*}}table: rows of it are looked up
// CHECK-LABEL: @f
// CHECK: %[[L:.*]], %[[R:.*]] = lathe.low_rank %w : <8x12xf32> -> <8x2xf32>, <2x12xf32>
// CHECK: %[[X:.*]] = lathe.embedding
// CHECK: %[[T:.*]] = lathe.linear %[[X]], [%[[R]]] : tensor<?x12xf32>, [!lathe.weight<2x12xf32>] -> tensor<?x2xf32>
// CHECK: %[[Y:.*]] = lathe.linear %[[T]], [%[[L]]] : tensor<?x2xf32>, [!lathe.weight<8x2xf32>] -> tensor<?x8xf32>
// CHECK: return %[[Y]]

// NOGAIN: remark: {{.*}}w: rank 7 saves nothing: N K is not more than r (N + K)
// NOGAIN-NOT: lathe.low_rank
// FORCE: lathe.low_rank %w : <8x12xf32> -> <8x7xf32>, <7x12xf32>

// RESIDUAL: remark: {{.*}}w: int2 group 12 with a correction of rank 1, relative error 0.
// RESIDUAL: %[[Q:.*]] = lathe.quantize mse %w : <8x12xf32> -> <8x12x<si2, block 1x12, scale <f16>>>
// RESIDUAL: %[[D:.*]] = lathe.difference %w, %[[Q]]
// RESIDUAL: lathe.low_rank %[[D]]
// RESIDUAL: %[[B:.*]] = lathe.linear %{{.*}}, [%[[Q]]]
// RESIDUAL: lathe.add %[[B]], %{{.*}} : tensor<?x8xf32>

// QUANTIZED: %[[L:.*]], %[[R:.*]] = lathe.low_rank
// QUANTIZED-DAG: lathe.quantize mse %[[L]] : <8x2xf32> -> <8x2x<si8, block 1x0, scale <f32>>>
// QUANTIZED-DAG: lathe.quantize mse %[[R]] : <2x12xf32> -> <2x12x<si8, block 1x0, scale <f32>>>

// NEITHER: error: a low-rank form needs either a positive rank or an energy in (0, 1)
// TOOMUCH: error: a rank of 9 is more than
// ENCODING: error: residual: "int1" is no encoding
module attributes {lathe.inline = {w = dense<[[-0.6831, -0.3041, -0.7092, -0.2173, -0.2506, 0.5076, 0.8018, 0.7124, -0.7446, 0.3199, 0.3516, -0.3809], [-0.4163, -0.4963, -0.5684, 0.2979, 0.0506, 0.1426, 1.0609, 0.9476, -0.5093, 0.4441, 0.3399, -0.6182], [-0.1346, -0.1736, -0.1895, 0.1145, 0.0250, 0.0390, 0.3672, 0.3281, -0.1670, 0.1541, 0.1152, -0.2162], [-0.8088, 0.0437, -0.6628, -0.8159, -0.5606, 0.8175, 0.2062, 0.1769, -0.8095, 0.0553, 0.2531, 0.0502], [-0.2610, -0.3394, -0.3687, 0.2258, 0.0502, 0.0743, 0.7171, 0.6407, -0.3243, 0.3011, 0.2245, -0.4226], [-0.1956, -0.4022, -0.3411, 0.3737, 0.1342, -0.0236, 0.8094, 0.7242, -0.2695, 0.3441, 0.2280, -0.5002], [0.1073, -0.2113, -0.0021, 0.3926, 0.2088, -0.2187, 0.3509, 0.3158, 0.0708, 0.1573, 0.0494, -0.2618], [0.9889, -0.0562, 0.8092, 1.0014, 0.6872, -1.0010, -0.2471, -0.2118, 0.9894, -0.0654, -0.3084, -0.0648]]> : tensor<8x12xf32>, table = dense<[[-0.67, -0.52, 0.34, 0.88, 0.29, -0.14, 0.95, -0.99, -0.88, 0.56, -0.18, -0.91], [0.1, 0.98, 0.04, -0.3, -0.81, -0.86, 0.8, -0.02, 0.87, -0.89, -0.51, -0.9], [-0.21, -0.88, -0.49, -0.19, -0.39, -0.9, -0.92, 0.94, -0.64, 0.02, -0.2, 0.06], [-0.83, -0.37, -0.78, 0.08, 0.84, 0.2, 0.71, -0.57, -0.97, 0.08, -0.03, 0.14]]> : tensor<4x12xf32>}} {
  func.func @f(%ids: tensor<?xi32>) -> tensor<?x8xf32> {
    %w = lathe.param "w" from "inline" : !lathe.weight<8x12xf32>
    %table = lathe.param "table" from "inline" : !lathe.weight<4x12xf32>
    %x = lathe.embedding %ids, %table : tensor<?xi32>, !lathe.weight<4x12xf32> -> tensor<?x12xf32>
    %y = lathe.linear %x, [%w] : tensor<?x12xf32>, [!lathe.weight<8x12xf32>] -> tensor<?x8xf32>
    return %y : tensor<?x8xf32>
  }
}

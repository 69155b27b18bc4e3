// Every op of the model level prints as it is written, and its generic form means the same.
// RUN: lathe-opt %s | lathe-opt | FileCheck %s
// RUN: lathe-opt %s --mlir-print-op-generic | lathe-opt | FileCheck %s

// CHECK: lathe.state @kv : !lathe.state<growing 2x2x4xbf16>
lathe.state @kv : !lathe.state<growing 2x2x4xbf16>
// CHECK: lathe.state @s : !lathe.state<fixed 8xf32>
lathe.state @s : !lathe.state<fixed 8xf32>

// CHECK-LABEL: func.func @batch(%arg0: tensor<?x8xf32>, %arg1: !lathe.batch)
func.func @batch(%x: tensor<?x8xf32>, %batch: !lathe.batch) -> (tensor<?xi32>, tensor<?xi32>, tensor<?x8xf32>, tensor<?x8xf32>) {
  // CHECK: lathe.tokens %arg1 : tensor<?xi32>
  %t = lathe.tokens %batch : tensor<?xi32>
  // CHECK: lathe.positions %arg1 : tensor<?xi32>
  %p = lathe.positions %batch : tensor<?xi32>
  // CHECK: lathe.select_outputs %arg0, %arg1 : tensor<?x8xf32>
  %o = lathe.select_outputs %x, %batch : tensor<?x8xf32>
  // CHECK: lathe.pool mean %arg0, %arg1 : tensor<?x8xf32>
  %m = lathe.pool mean %x, %batch : tensor<?x8xf32>
  return %t, %p, %o, %m : tensor<?xi32>, tensor<?xi32>, tensor<?x8xf32>, tensor<?x8xf32>
}

// CHECK-LABEL: func.func @pool_kinds
func.func @pool_kinds(%x: tensor<?x8xf32>, %batch: !lathe.batch) -> (tensor<?x8xf32>, tensor<?x8xf32>, tensor<?x8xf32>) {
  // CHECK: lathe.pool first
  %0 = lathe.pool first %x, %batch : tensor<?x8xf32>
  // CHECK: lathe.pool last
  %1 = lathe.pool last %x, %batch : tensor<?x8xf32>
  // CHECK: lathe.pool max
  %2 = lathe.pool max %x, %batch : tensor<?x8xf32>
  return %0, %1, %2 : tensor<?x8xf32>, tensor<?x8xf32>, tensor<?x8xf32>
}

// CHECK-LABEL: func.func @top_logits
func.func @top_logits(%x: tensor<?x8xf32>, %batch: !lathe.batch) -> tensor<?x7xf32> {
  // CHECK: lathe.top_logits %arg0, %arg1 count 2 : tensor<?x8xf32> -> tensor<?x7xf32>
  %t = lathe.top_logits %x, %batch count 2 : tensor<?x8xf32> -> tensor<?x7xf32>
  return %t : tensor<?x7xf32>
}

// CHECK-LABEL: func.func @products
func.func @products(%x: tensor<?x8xf32>, %xq: tensor<?x8xi8, #lathe.quantized_rows<4>>, %ids: tensor<?xi32>,
                    %w: !lathe.weight<6x8xf32>, %c: !lathe.weight<6x8x<si8, block 1x4, scale <f16>>, panel 64>) -> tensor<?x6xf32> {
  // CHECK: lathe.embedding %arg2, %arg3 : tensor<?xi32>, <6x8xf32> -> tensor<?x8xf32>
  %e = lathe.embedding %ids, %w : tensor<?xi32>, !lathe.weight<6x8xf32> -> tensor<?x8xf32>
  // CHECK: lathe.linear %arg0, [%arg3] : tensor<?x8xf32>, [!lathe.weight<6x8xf32>] -> tensor<?x6xf32>
  %0 = lathe.linear %x, [%w] : tensor<?x8xf32>, [!lathe.weight<6x8xf32>] -> tensor<?x6xf32>
  // CHECK: %{{.*}}:2 = lathe.linear %arg1, [%arg4, %arg4] : tensor<?x8xi8, #lathe.quantized_rows<4>>, [!lathe.weight<6x8x<si8, block 1x4, scale <f16>>, panel 64>, !lathe.weight<6x8x<si8, block 1x4, scale <f16>>, panel 64>] -> tensor<?x6xf32>, tensor<?x6xf32>
  %1, %2 = lathe.linear %xq, [%c, %c] : tensor<?x8xi8, #lathe.quantized_rows<4>>, [!lathe.weight<6x8x<si8, block 1x4, scale <f16>>, panel 64>, !lathe.weight<6x8x<si8, block 1x4, scale <f16>>, panel 64>] -> tensor<?x6xf32>, tensor<?x6xf32>
  return %2 : tensor<?x6xf32>
}

// CHECK-LABEL: func.func @elements
func.func @elements(%x: tensor<?x8xf32>, %b: !lathe.weight<8xf32>) -> tensor<?x8xbf16> {
  // CHECK: %[[ADD:.*]] = lathe.add %arg0, %arg0 : tensor<?x8xf32>
  %0 = lathe.add %x, %x : tensor<?x8xf32>
  // CHECK: lathe.mul %[[ADD]], %arg0 : tensor<?x8xf32>
  %1 = lathe.mul %0, %x : tensor<?x8xf32>
  // CHECK: lathe.scale %{{.*}} by 5.000000e-01 : tensor<?x8xf32>
  %2 = lathe.scale %1 by 0.5 : tensor<?x8xf32>
  // CHECK: lathe.bias %{{.*}}, %arg1 : tensor<?x8xf32>, <8xf32>
  %3 = lathe.bias %2, %b : tensor<?x8xf32>, !lathe.weight<8xf32>
  // CHECK: lathe.activation silu
  %4 = lathe.activation silu %3 : tensor<?x8xf32>
  // CHECK: lathe.activation gelu
  %5 = lathe.activation gelu %4 : tensor<?x8xf32>
  // CHECK: lathe.activation gelu_tanh
  %6 = lathe.activation gelu_tanh %5 : tensor<?x8xf32>
  // CHECK: lathe.activation relu
  %7 = lathe.activation relu %6 : tensor<?x8xf32>
  // CHECK: lathe.activation tanh
  %8 = lathe.activation tanh %7 : tensor<?x8xf32>
  // CHECK: lathe.activation sigmoid
  %9 = lathe.activation sigmoid %8 : tensor<?x8xf32>
  // CHECK: lathe.convert %{{.*}} : tensor<?x8xf32> -> tensor<?x8xbf16>
  %10 = lathe.convert %9 : tensor<?x8xf32> -> tensor<?x8xbf16>
  return %10 : tensor<?x8xbf16>
}

// CHECK-LABEL: func.func @rows
func.func @rows(%x: tensor<?x8xf32>, %s: !lathe.weight<8xf32>) -> tensor<?x2xf32> {
  // CHECK: lathe.rms_norm %arg0, %arg1 epsilon 9.99999974E-6 : tensor<?x8xf32>, !lathe.weight<8xf32>
  %0 = lathe.rms_norm %x, %s epsilon 1.0e-5 : tensor<?x8xf32>, !lathe.weight<8xf32>
  // CHECK: lathe.layer_norm %{{.*}}, %arg1, %arg1 epsilon 9.99999996E-13 : tensor<?x8xf32>, <8xf32>, <8xf32>
  %1 = lathe.layer_norm %0, %s, %s epsilon 1.0e-12 : tensor<?x8xf32>, !lathe.weight<8xf32>, !lathe.weight<8xf32>
  // CHECK: lathe.l2_normalize %{{.*}} epsilon 9.99999996E-13 : tensor<?x8xf32>
  %2 = lathe.l2_normalize %1 epsilon 1.0e-12 : tensor<?x8xf32>
  // CHECK: lathe.quantize_rows %{{.*}} : tensor<?x8xf32> -> tensor<?x8xi8, #lathe.quantized_rows<4>>
  %3 = lathe.quantize_rows %2 : tensor<?x8xf32> -> tensor<?x8xi8, #lathe.quantized_rows<4>>
  // CHECK: lathe.split %{{.*}} : tensor<?x8xf32> -> tensor<?x6xf32>, tensor<?x2xf32>
  %4, %5 = lathe.split %2 : tensor<?x8xf32> -> tensor<?x6xf32>, tensor<?x2xf32>
  return %5 : tensor<?x2xf32>
}

// CHECK-LABEL: func.func @sequences
func.func @sequences(%q: tensor<?x16xf32>, %k: tensor<?x8xf32>, %p: tensor<?xi32>, %batch: !lathe.batch) -> tensor<?x8xf32> {
  // CHECK: %[[T:.*]] = lathe.rope_table %arg2 {frequencies = array<f32: 1.000000e+00, 1.000000e-01>} : tensor<?xi32> -> tensor<?x4xf32>
  %t = lathe.rope_table %p {frequencies = array<f32: 1.0, 0.1>} : tensor<?xi32> -> tensor<?x4xf32>
  // CHECK: lathe.rope_table %arg2 {factor = 2.000000e+00 : f32, frequencies
  %f = lathe.rope_table %p {factor = 2.0 : f32, frequencies = array<f32: 1.0, 0.1>} : tensor<?xi32> -> tensor<?x4xf32>
  // CHECK: lathe.rope %arg0, %[[T]] heads 4 : tensor<?x16xf32>, tensor<?x4xf32>
  %qr = lathe.rope %q, %t heads 4 : tensor<?x16xf32>, tensor<?x4xf32>
  // CHECK: lathe.cache_write %arg1, %arg1, %arg3 into @kv : tensor<?x8xf32>, tensor<?x8xf32>
  lathe.cache_write %k, %k, %batch into @kv : tensor<?x8xf32>, tensor<?x8xf32>
  // CHECK: lathe.attention %{{.*}}, %arg3 from @kv heads 4 over 2 scale 5.000000e-01 causal : tensor<?x16xf32> -> tensor<?x16xf32>
  %a = lathe.attention %qr, %batch from @kv heads 4 over 2 scale 0.5 causal : tensor<?x16xf32> -> tensor<?x16xf32>
  // CHECK: lathe.attention %{{.*}} keys %arg1 values %arg1, %arg3 heads 4 over 2 scale 5.000000e-01 : tensor<?x16xf32>, tensor<?x8xf32>, tensor<?x8xf32> -> tensor<?x16xf32>
  %b = lathe.attention %a keys %k values %k, %batch heads 4 over 2 scale 0.5 : tensor<?x16xf32>, tensor<?x8xf32>, tensor<?x8xf32> -> tensor<?x16xf32>
  // CHECK: lathe.decay_scan %arg1, %arg1, %arg3 in @s : tensor<?x8xf32>
  %d = lathe.decay_scan %k, %k, %batch in @s : tensor<?x8xf32>
  return %d : tensor<?x8xf32>
}

// CHECK-LABEL: func.func @dispatch
func.func @dispatch(%x: tensor<?x8xf32>, %w: !lathe.weight<8x8xf32>) -> tensor<?x8xf32> {
  // CHECK: lathe.dispatch (%[[A:.*]] = %arg0 : tensor<?x8xf32>, %[[B:.*]] = %arg1 : !lathe.weight<8x8xf32>) -> tensor<?x8xf32> {
  // CHECK-NEXT: %[[Y:.*]] = lathe.linear %[[A]], [%[[B]]]
  // CHECK-NEXT: %[[R:.*]] = lathe.add %[[Y]], %[[A]]
  // CHECK-NEXT: lathe.yield %[[R]] : tensor<?x8xf32>
  %y = lathe.dispatch (%a = %x : tensor<?x8xf32>, %b = %w : !lathe.weight<8x8xf32>) -> tensor<?x8xf32> {
    %0 = lathe.linear %a, [%b] : tensor<?x8xf32>, [!lathe.weight<8x8xf32>] -> tensor<?x8xf32>
    %1 = lathe.add %0, %a : tensor<?x8xf32>
    lathe.yield %1 : tensor<?x8xf32>
  }
  // CHECK: lathe.dispatch (%{{.*}} = %arg0 : tensor<?x8xf32>) attributes {note} {
  // CHECK: lathe.yield
  lathe.dispatch (%a = %x : tensor<?x8xf32>) attributes {note} {
    lathe.yield
  }
  return %y : tensor<?x8xf32>
}

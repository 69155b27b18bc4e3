// RUN: lathe-opt %s --canonicalize | FileCheck %s

// CHECK-LABEL: func.func @scale_by_one
// CHECK-NEXT: return %arg0
func.func @scale_by_one(%x: tensor<?x8xf32>) -> tensor<?x8xf32> {
  %0 = lathe.scale %x by 1.0 : tensor<?x8xf32>
  return %0 : tensor<?x8xf32>
}

// CHECK-LABEL: func.func @scale_by_two
// CHECK-NEXT: lathe.scale
func.func @scale_by_two(%x: tensor<?x8xf32>) -> tensor<?x8xf32> {
  %0 = lathe.scale %x by 2.0 : tensor<?x8xf32>
  return %0 : tensor<?x8xf32>
}

// CHECK-LABEL: func.func @convert_to_itself
// CHECK-NEXT: return %arg0
func.func @convert_to_itself(%x: tensor<?x8xf32>) -> tensor<?x8xf32> {
  %0 = lathe.convert %x : tensor<?x8xf32> -> tensor<?x8xf32>
  return %0 : tensor<?x8xf32>
}

// There and back is rounding: it stays.
// CHECK-LABEL: func.func @convert_there_and_back
// CHECK-COUNT-2: lathe.convert
func.func @convert_there_and_back(%x: tensor<?x8xf32>) -> tensor<?x8xf32> {
  %0 = lathe.convert %x : tensor<?x8xf32> -> tensor<?x8xbf16>
  %1 = lathe.convert %0 : tensor<?x8xbf16> -> tensor<?x8xf32>
  return %1 : tensor<?x8xf32>
}

// CHECK-LABEL: func.func @concat_of_one
// CHECK-NEXT: return %arg0
func.func @concat_of_one(%w: !lathe.weight<4x8xf32>) -> !lathe.weight<4x8xf32> {
  %0 = lathe.concat %w : !lathe.weight<4x8xf32> -> !lathe.weight<4x8xf32>
  return %0 : !lathe.weight<4x8xf32>
}

// CHECK-LABEL: func.func @transpose_twice
// CHECK-NEXT: return %arg0
func.func @transpose_twice(%w: !lathe.weight<4x8xf32>) -> !lathe.weight<4x8xf32> {
  %0 = lathe.transpose %w : !lathe.weight<4x8xf32> -> !lathe.weight<8x4xf32>
  %1 = lathe.transpose %0 : !lathe.weight<8x4xf32> -> !lathe.weight<4x8xf32>
  return %1 : !lathe.weight<4x8xf32>
}

// CHECK-LABEL: func.func @quantize_to_itself
// CHECK-NEXT: return %arg0
func.func @quantize_to_itself(%w: !lathe.weight<4x8xf16>) -> !lathe.weight<4x8xf16> {
  %0 = lathe.quantize none %w : !lathe.weight<4x8xf16> -> !lathe.weight<4x8xf16>
  return %0 : !lathe.weight<4x8xf16>
}

// Unused work goes, whole dispatches too; a write to a state stays.
lathe.state @kv : !lathe.state<growing 2x1x8xf32>
// CHECK-LABEL: func.func @unused
// CHECK-NEXT: lathe.cache_write
// CHECK-NEXT: return
func.func @unused(%x: tensor<?x8xf32>, %batch: !lathe.batch) {
  %w = lathe.param "w" from "model" : !lathe.weight<8x8xf32>
  %0 = lathe.linear %x, [%w] : tensor<?x8xf32>, [!lathe.weight<8x8xf32>] -> tensor<?x8xf32>
  %1 = lathe.dispatch (%a = %0 : tensor<?x8xf32>) -> tensor<?x8xf32> {
    %2 = lathe.activation relu %a : tensor<?x8xf32>
    lathe.yield %2 : tensor<?x8xf32>
  }
  lathe.cache_write %x, %x, %batch into @kv : tensor<?x8xf32>, tensor<?x8xf32>
  return
}

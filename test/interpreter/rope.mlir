// RUN: lathe-interpret %s | FileCheck %s

// Frequencies pi/2 and 0: position 1 turns the first pair of each head by a quarter, position 2 by a half; the second
// pair stays. `factor` multiplies both cosine and sine.
// CHECK-LABEL: @table
// CHECK-NEXT:  2, 2, 0, 0
// CHECK-NEXT:  {{-?[0-9.]+e-0[78]}}, 2, 2, 0
func.func @table(%batch: !lathe.batch {lathe.value = {tokens = array<i32: 0, 0>}}) -> tensor<?x4xf32> {
  %p = lathe.positions %batch : tensor<?xi32>
  %t = lathe.rope_table %p {frequencies = array<f32: 1.57079633, 0.0>, factor = 2.0 : f32} : tensor<?xi32> -> tensor<?x4xf32>
  return %t : tensor<?x4xf32>
}

// Two heads of six columns, of which the table turns four; the last two pass.
// CHECK-LABEL: @rope
// CHECK-NEXT:  1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12
// CHECK-NEXT:  -3, 2, 1, 4, 5, 6, -9, 8, 7, 10, 11, 12
// CHECK-NEXT:  -1, 2, -3, 4, 5, 6, -7, 8, -9, 10, 11, 12
func.func @rope(%x: tensor<?x12xf32> {lathe.value = dense<[
                    [1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0, 10.0, 11.0, 12.0],
                    [1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0, 10.0, 11.0, 12.0],
                    [1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0, 10.0, 11.0, 12.0]]> : tensor<3x12xf32>},
                %batch: !lathe.batch {lathe.value = {tokens = array<i32: 0, 0, 0>}}) -> tensor<?x12xf32> {
  %p = lathe.positions %batch : tensor<?xi32>
  %t = lathe.rope_table %p {frequencies = array<f32: 1.57079633, 0.0>} : tensor<?xi32> -> tensor<?x4xf32>
  %y = lathe.rope %x, %t heads 2 : tensor<?x12xf32>, tensor<?x4xf32>
  return %y : tensor<?x12xf32>
}

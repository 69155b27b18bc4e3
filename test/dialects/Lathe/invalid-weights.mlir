// Every constraint of a weight op, by its number in the documentation.
// RUN: lathe-opt %s --split-input-file --verify-diagnostics

func.func @concat_nothing() {
  // expected-error@+1 {{(C1) needs at least one part}}
  %0 = "lathe.concat"() : () -> !lathe.weight<4x8xf32>
  return
}

// -----

func.func @concat_columns(%a: !lathe.weight<4x8xf32>, %b: !lathe.weight<4x6xf32>) {
  // expected-error@+1 {{(C1) part of type '!lathe.weight<4x6xf32>' does not stack up to '!lathe.weight<8x8xf32>'}}
  %0 = lathe.concat %a, %b : !lathe.weight<4x8xf32>, !lathe.weight<4x6xf32> -> !lathe.weight<8x8xf32>
  return
}

// -----

func.func @concat_rows(%a: !lathe.weight<4x8xf32>) {
  // expected-error@+1 {{(C2) parts add up to 8 rows, the result has 9}}
  %0 = lathe.concat %a, %a : !lathe.weight<4x8xf32>, !lathe.weight<4x8xf32> -> !lathe.weight<9x8xf32>
  return
}

// -----

func.func @concat_encoding(%a: !lathe.weight<4x8xf32>, %b: !lathe.weight<4x8xf16>) {
  // expected-error@+1 {{(C3) parts and result need the same plain encoding}}
  %0 = lathe.concat %a, %b : !lathe.weight<4x8xf32>, !lathe.weight<4x8xf16> -> !lathe.weight<8x8xf32>
  return
}

// -----

func.func @transpose_vector(%a: !lathe.weight<8xf32>) {
  // expected-error@+1 {{(C1) needs a matrix}}
  %0 = lathe.transpose %a : !lathe.weight<8xf32> -> !lathe.weight<8xf32>
  return
}

// -----

func.func @transpose_shape(%a: !lathe.weight<4x8xf32>) {
  // expected-error@+1 {{(C2) '!lathe.weight<4x8xf32>' is not the transpose of '!lathe.weight<4x8xf32>'}}
  %0 = lathe.transpose %a : !lathe.weight<4x8xf32> -> !lathe.weight<4x8xf32>
  return
}

// -----

func.func @transpose_encoding(%a: !lathe.weight<4x8x<si8, block 1x0, scale <f32>>>) {
  // expected-error@+1 {{(C3) operand and result need the same plain encoding}}
  %0 = lathe.transpose %a : !lathe.weight<4x8x<si8, block 1x0, scale <f32>>> -> !lathe.weight<8x4x<si8, block 1x0, scale <f32>>>
  return
}

// -----

func.func @rows_range(%a: !lathe.weight<4x8xf32>) {
  // expected-error@+1 {{(C1) takes 2 rows from 3 on of '!lathe.weight<4x8xf32>'}}
  %0 = lathe.rows %a from 3 : !lathe.weight<4x8xf32> -> !lathe.weight<2x8xf32>
  return
}

// -----

func.func @rows_far(%a: !lathe.weight<4x8xf32>) {
  // expected-error@+1 {{(C1) takes 2 rows from 9223372036854775807 on}}
  %0 = lathe.rows %a from 9223372036854775807 : !lathe.weight<4x8xf32> -> !lathe.weight<2x8xf32>
  return
}

// -----

func.func @rows_columns(%a: !lathe.weight<4x8xf32>) {
  // expected-error@+1 {{(C2) columns differ}}
  %0 = lathe.rows %a from 0 : !lathe.weight<4x8xf32> -> !lathe.weight<2x6xf32>
  return
}

// -----

func.func @rows_of_vector(%a: !lathe.weight<8xf32>) {
  // expected-error@+1 {{(C2) a vector has no rows to make a matrix of}}
  %0 = lathe.rows %a from 0 : !lathe.weight<8xf32> -> !lathe.weight<1x8xf32>
  return
}

// -----

func.func @rows_encoding(%a: !lathe.weight<4x8xf32>) {
  // expected-error@+1 {{(C3) operand and result need the same plain encoding}}
  %0 = lathe.rows %a from 0 : !lathe.weight<4x8xf32> -> !lathe.weight<2x8xf16>
  return
}

// -----

func.func @scale_columns_vector(%a: !lathe.weight<4x8xf32>, %s: !lathe.weight<4xf32>) {
  // expected-error@+1 {{(C1) the scale needs 8 entries, got '!lathe.weight<4xf32>'}}
  %0 = lathe.scale_columns %a by %s : !lathe.weight<4x8xf32>, !lathe.weight<4xf32> -> !lathe.weight<4x8xf32>
  return
}

// -----

func.func @scale_columns_result(%a: !lathe.weight<4x8xf16>, %s: !lathe.weight<8xf16>) {
  // expected-error@+1 {{(C2) the result must be plain f32 of the operand's shape}}
  %0 = lathe.scale_columns %a by %s : !lathe.weight<4x8xf16>, !lathe.weight<8xf16> -> !lathe.weight<4x8xf16>
  return
}

// -----

func.func @quantize_shape(%a: !lathe.weight<4x8xf32>) {
  // expected-error@+1 {{(C1) shapes differ}}
  %0 = lathe.quantize none %a : !lathe.weight<4x8xf32> -> !lathe.weight<8x8x<si8, block 1x0, scale <f32>>>
  return
}

// -----

func.func @quantize_twice(%a: !lathe.weight<4x8x<si8, block 1x0, scale <f32>>>) {
  // expected-error@+1 {{(C2) the operand is quantized already}}
  %0 = lathe.quantize none %a : !lathe.weight<4x8x<si8, block 1x0, scale <f32>>> -> !lathe.weight<4x8x<si4, block 1x0, scale <f32>>>
  return
}

// -----

func.func @prune_neither(%a: !lathe.weight<4x8xf32>) {
  // expected-error@+1 {{(C1) needs either a share or a threshold}}
  %0 = lathe.prune %a : !lathe.weight<4x8xf32>
  return
}

// -----

func.func @prune_both(%a: !lathe.weight<4x8xf32>) {
  // expected-error@+1 {{(C1) needs either a share or a threshold}}
  %0 = lathe.prune %a share 0.5 threshold 0.5 : !lathe.weight<4x8xf32>
  return
}

// -----

func.func @prune_all(%a: !lathe.weight<4x8xf32>) {
  // expected-error@+1 {{(C1) a share lies in [0, 1), got 1}}
  %0 = lathe.prune %a share 1.0 : !lathe.weight<4x8xf32>
  return
}

// -----

func.func @prune_threshold(%a: !lathe.weight<4x8xf32>) {
  // expected-error@+1 {{(C1) a threshold is at least 0, got -1}}
  %0 = lathe.prune %a threshold -1.0 : !lathe.weight<4x8xf32>
  return
}

// -----

func.func @prune_codes(%a: !lathe.weight<4x8x<si8, block 1x0, scale <f32>>>) {
  // expected-error@+1 {{(C2) the operand must be plain}}
  %0 = lathe.prune %a share 0.5 : !lathe.weight<4x8x<si8, block 1x0, scale <f32>>>
  return
}

// -----

func.func @low_rank_shape(%a: !lathe.weight<4x8xf32>) {
  // expected-error@+1 {{(C1) '!lathe.weight<4x2xf32>' times '!lathe.weight<3x8xf32>' is not of the shape of '!lathe.weight<4x8xf32>'}}
  %0, %1 = lathe.low_rank %a : !lathe.weight<4x8xf32> -> !lathe.weight<4x2xf32>, !lathe.weight<3x8xf32>
  return
}

// -----

func.func @low_rank_rank(%a: !lathe.weight<4x8xf32>) {
  // expected-error@+1 {{(C1) a rank of 5 is more than '!lathe.weight<4x8xf32>' can have}}
  %0, %1 = lathe.low_rank %a : !lathe.weight<4x8xf32> -> !lathe.weight<4x5xf32>, !lathe.weight<5x8xf32>
  return
}

// -----

func.func @low_rank_factors(%a: !lathe.weight<4x8xf32>) {
  // expected-error@+1 {{(C2) factors are plain f32}}
  %0, %1 = lathe.low_rank %a : !lathe.weight<4x8xf32> -> !lathe.weight<4x2xf16>, !lathe.weight<2x8xf32>
  return
}

// -----

func.func @low_rank_operand(%a: !lathe.weight<4x8x<si8, block 1x0, scale <f32>>>) {
  // expected-error@+1 {{(C3) the operand must be plain}}
  %0, %1 = lathe.low_rank %a : !lathe.weight<4x8x<si8, block 1x0, scale <f32>>> -> !lathe.weight<4x2xf32>, !lathe.weight<2x8xf32>
  return
}

// -----

func.func @difference_shape(%a: !lathe.weight<4x8xf32>, %b: !lathe.weight<8x4xf32>) {
  // expected-error@+1 {{(C1) shapes differ}}
  %0 = lathe.difference %a, %b : !lathe.weight<4x8xf32>, !lathe.weight<8x4xf32> -> !lathe.weight<4x8xf32>
  return
}

// -----

func.func @difference_result(%a: !lathe.weight<4x8xf32>) {
  // expected-error@+1 {{(C2) the result is plain f32}}
  %0 = lathe.difference %a, %a : !lathe.weight<4x8xf32>, !lathe.weight<4x8xf32> -> !lathe.weight<4x8xf16>
  return
}

// -----

func.func @pack_encoding(%a: !lathe.weight<4x8xf32>) {
  // expected-error@+1 {{(C1) packing changes neither shape nor encoding}}
  %0 = lathe.pack %a : !lathe.weight<4x8xf32> -> !lathe.weight<4x8xf16, panel 64>
  return
}

// -----

func.func @pack_panel(%a: !lathe.weight<4x8xf32>) {
  // expected-error@+1 {{(C2) packs row-major storage into panels}}
  %0 = lathe.pack %a : !lathe.weight<4x8xf32> -> !lathe.weight<4x8xf32>
  return
}

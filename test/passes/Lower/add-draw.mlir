// RUN: lathe-opt %s --pass-pipeline="builtin.module(exec.program(lathe-add-draw{count=2}))" -split-input-file -verify-diagnostics | FileCheck %s
// RUN: lathe-opt %s --pass-pipeline="builtin.module(exec.program(lathe-add-draw{count=2},lathe-plan-arena))" -split-input-file -verify-diagnostics | FileCheck %s --check-prefix=PLANNED

!s = !exec.slice<outputs by 16 of f32, stride 64>

// The dispatches of @step and one more. The logits stay where they are: candidates don't take their place.
// CHECK-LABEL: exec.program @p for "cuda" attributes {arena_bytes = 624 : i64
// CHECK:         exec.kernel @top_logits_16_outputs over outputs slices [!exec.slice<outputs by 16 of f32, stride 64>, unit, !exec.slice<outputs by 7 of f32, stride 28>] states {} {
// CHECK-NEXT:    ^bb0(%[[X:.*]]: tensor<?x16xf32>, %[[B:.*]]: !lathe.batch):
// CHECK-NEXT:      %[[T:.*]] = lathe.top_logits %[[X]], %[[B]] count 2 : tensor<?x16xf32> -> tensor<?x7xf32>
// CHECK-NEXT:      lathe.yield %[[T]]
// CHECK:         exec.entry @step
// CHECK-NEXT:      %[[L:.*]] = exec.slice 256
// CHECK-NEXT:      exec.dispatch @source() -> %[[L]]
// CHECK-NEXT:      exec.result %[[L]] : <outputs by 16 of f32, stride 64>
// CHECK:         exec.entry @draw
// CHECK-NEXT:      %[[L:.*]] = exec.slice 256
// CHECK-NEXT:      exec.dispatch @source() -> %[[L]]
// CHECK-NEXT:      %[[R:.*]] = exec.slice 512 : <outputs by 7 of f32, stride 28>
// CHECK-NEXT:      exec.dispatch @top_logits_16_outputs(%[[L]] : {{.*}}) -> %[[R]]
// CHECK-NEXT:      exec.result %[[R]] of %[[L]] : <outputs by 7 of f32, stride 28>, !exec.slice<outputs by 16 of f32, stride 64>
// PLANNED-LABEL: exec.program @p for "cuda" attributes {arena_bytes = 384 : i64
// PLANNED:         exec.entry @draw
// PLANNED:           exec.slice 0
// PLANNED:           exec.slice 256
exec.program @p for "cuda" attributes {max_rows = 16 : i64, max_outputs = 4 : i64, arena_bytes = 512 : i64} {
  exec.kernel @source over outputs slices [unit, !s] states {} {
  ^bb0(%b: !lathe.batch):
    %0 = lathe.positions %b : tensor<?xi32>
    %1 = lathe.rope_table %0 {frequencies = array<f32: 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0>} : tensor<?xi32> -> tensor<?x16xf32>
    %2 = lathe.select_outputs %1, %b : tensor<?x16xf32>
    lathe.yield %2 : tensor<?x16xf32>
  }
  exec.entry @step {
    %a = exec.slice 256 : !s
    exec.dispatch @source() -> %a : !s
    exec.result %a : !s
  }
}

// -----

// An encoder has no logits to draw from.
// CHECK-LABEL: exec.program @encoder
// CHECK-NOT:   @draw
exec.program @encoder for "cuda" attributes {max_rows = 16 : i64, max_outputs = 4 : i64} {
  exec.entry @embed {
    %a = exec.slice 0 : !exec.slice<sequences by 16 of f32, stride 64>
    exec.result %a : !exec.slice<sequences by 16 of f32, stride 64>
  }
}

// -----

// Nor are logits of every row what a sampler looks at.
// CHECK-LABEL: exec.program @all
// CHECK-NOT:   @draw
exec.program @all for "cuda" attributes {max_rows = 16 : i64, max_outputs = 4 : i64} {
  exec.entry @step {
    %a = exec.slice 0 : !exec.slice<rows by 16 of f32, stride 64>
    exec.result %a : !exec.slice<rows by 16 of f32, stride 64>
  }
}

// -----

// expected-error@+1 {{has @draw already}}
exec.program @twice for "cuda" attributes {max_rows = 16 : i64, max_outputs = 4 : i64} {
  exec.entry @step {
    %a = exec.slice 0 : !exec.slice<outputs by 16 of f32, stride 64>
    exec.result %a : !exec.slice<outputs by 16 of f32, stride 64>
  }
  exec.entry @draw {
    %a = exec.slice 0 : !exec.slice<outputs by 16 of f32, stride 64>
    exec.result %a : !exec.slice<outputs by 16 of f32, stride 64>
  }
}

// RUN: lathe-opt %s --pass-pipeline='builtin.module(exec.program(lathe-plan-arena),lathe-verify-program)' -verify-diagnostics --remark-format=emitRemark --remarks-filter='.*' | FileCheck %s
// Planning what is planned changes nothing.
// RUN: lathe-opt %s --pass-pipeline='builtin.module(exec.program(lathe-plan-arena,lathe-plan-arena),lathe-verify-program)' | FileCheck %s

!s = !exec.slice<rows by 16 of f32, stride 64>
!part = !exec.slice<rows by 8 of f32, stride 64>
!half = !exec.slice<rows by 8 of f32, stride 32>
!w = !lathe.weight<16x16xf32, panel 64>

// CHECK: exec.program @cpu for "cpu" attributes {arena_bytes = 2048 : i64, block_bytes = 3072 : i64, fixed_bytes = 128 : i64
// expected-remark@+1 {{3072 bytes of growing state for 64 positions, 128 bytes of fixed state a slot}}
exec.program @cpu for "cpu" attributes {max_rows = 16 : i64, max_outputs = 4 : i64, arena_bytes = 6144 : i64} {
  // CHECK: exec.state @kv0 at 0
  exec.state @kv0 at 0 : !lathe.state<growing 2x1x8xbf16>
  // CHECK: exec.state @scan0 at 0
  exec.state @scan0 at 0 : !lathe.state<fixed 3xf32>
  // CHECK: exec.state @kv1 at 2048
  exec.state @kv1 at 0 : !lathe.state<growing 2x1x4xbf16>
  // CHECK: exec.state @scan1 at 64
  exec.state @scan1 at 0 : !lathe.state<fixed 16xf32>
  exec.weight @w : !w {
    %0 = lathe.param "w" from "model" : !lathe.weight<16x16xf32>
    %1 = lathe.pack %0 : !lathe.weight<16x16xf32> -> !w
    lathe.yield %1 : !w
  }
  exec.weight @n : !lathe.weight<16xf32> {
    %0 = lathe.param "n" from "model" : !lathe.weight<16xf32>
    lathe.yield %0 : !lathe.weight<16xf32>
  }
  exec.kernel @source over rows slices [unit, !s] states {} {
  ^bb0(%b: !lathe.batch):
    %0 = lathe.positions %b : tensor<?xi32>
    %1 = lathe.rope_table %0 {frequencies = array<f32: 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0>} : tensor<?xi32> -> tensor<?x16xf32>
    lathe.yield %1 : tensor<?x16xf32>
  }
  exec.kernel @linear over rows slices [!s, unit, !s] states {} {
  ^bb0(%x: tensor<?x16xf32>, %m: !w):
    %0 = lathe.linear %x, [%m] : tensor<?x16xf32>, [!w] -> tensor<?x16xf32>
    lathe.yield %0 : tensor<?x16xf32>
  }
  exec.kernel @linear_add over rows slices [!s, unit, !s, !s] states {} {
  ^bb0(%x: tensor<?x16xf32>, %m: !w, %r: tensor<?x16xf32>):
    %0 = lathe.linear %x, [%m] : tensor<?x16xf32>, [!w] -> tensor<?x16xf32>
    %1 = lathe.add %r, %0 : tensor<?x16xf32>
    lathe.yield %1 : tensor<?x16xf32>
  }
  exec.kernel @norm over rows slices [!s, unit, !s] states {} {
  ^bb0(%x: tensor<?x16xf32>, %n: !lathe.weight<16xf32>):
    %0 = lathe.rms_norm %x, %n epsilon 1.0e-5 : tensor<?x16xf32>, !lathe.weight<16xf32>
    lathe.yield %0 : tensor<?x16xf32>
  }
  exec.kernel @halves over rows slices [!part, !part, !half] states {} {
  ^bb0(%a: tensor<?x8xf32>, %b: tensor<?x8xf32>):
    %0 = lathe.mul %a, %b : tensor<?x8xf32>
    lathe.yield %0 : tensor<?x8xf32>
  }
  // expected-remark@+1 {{2048 bytes for 6 buffers of 5632 bytes, of which 2048 live at once; 2048 bytes are written in place of an input}}
  exec.entry @step {
    %w = exec.use @w : !w
    %n = exec.use @n : !lathe.weight<16xf32>
    // CHECK: %[[A:.*]] = exec.slice 0 :
    %a = exec.slice 0 : !s
    exec.dispatch @source() -> %a : !s
    // CHECK: %[[B:.*]] = exec.slice 1024 :
    %b = exec.slice 1024 : !s
    // The input of a product is read until the last element is written.
    exec.dispatch @linear(%a, %w : !s, !w) -> %b : !s
    // The residual is not: its place is taken.
    // CHECK: %[[C:.*]] = exec.slice 0 :
    %c = exec.slice 2048 : !s
    // expected-remark@+1 {{result 0 takes the place of input 2}}
    exec.dispatch @linear_add(%b, %w, %a : !s, !w, !s) -> %c : !s
    // A norm reads its row twice.
    // CHECK: %[[D:.*]] = exec.slice 1024 :
    %d = exec.slice 3072 : !s
    exec.dispatch @norm(%c, %n : !s, !lathe.weight<16xf32>) -> %d : !s
    // CHECK: %[[E:.*]] = exec.slice 0 :
    %e = exec.slice 4096 : !s
    // expected-remark@+1 {{result 0 takes the place of input 2}}
    exec.dispatch @linear_add(%d, %w, %c : !s, !w, !s) -> %e : !s
    // Views move with their parent.
    // CHECK: exec.slice 0 : <rows by 8 of f32, stride 64>
    %e0 = exec.slice 4096 : !part
    // CHECK: exec.slice 32 : <rows by 8 of f32, stride 64>
    %e1 = exec.slice 4128 : !part
    // CHECK: exec.slice 1024 : <rows by 8 of f32, stride 32>
    %h = exec.slice 5120 : !half
    exec.dispatch @halves(%e0, %e1 : !part, !part) -> %h : !half
    exec.result %h : !half
  }
}

// The program level prints as it is written.
// RUN: lathe-opt %s | lathe-opt | FileCheck %s
// RUN: lathe-opt %s --mlir-print-op-generic | lathe-opt | FileCheck %s

// CHECK: exec.program @cpu for "cpu" attributes {arena_bytes = 4096 : i64, max_outputs = 16 : i64, max_rows = 512 : i64} {
exec.program @cpu for "cpu" attributes {max_rows = 512 : i64, max_outputs = 16 : i64, arena_bytes = 4096 : i64} {
  // CHECK-NEXT: exec.state @kv0 at 1024 : !lathe.state<growing 2x1x8xf32>
  exec.state @kv0 at 1024 : !lathe.state<growing 2x1x8xf32>
  // CHECK-NEXT: exec.weight @w : !lathe.weight<8x8xf32, panel 64> {
  // CHECK-NEXT:   %w = lathe.param "w" from "model" : <8x8xf32>
  // CHECK-NEXT:   %[[P:.*]] = lathe.pack %w : <8x8xf32> -> <8x8xf32, panel 64>
  // CHECK-NEXT:   lathe.yield %[[P]] : !lathe.weight<8x8xf32, panel 64>
  exec.weight @w : !lathe.weight<8x8xf32, panel 64> {
    %0 = lathe.param "w" from "model" : !lathe.weight<8x8xf32>
    %1 = lathe.pack %0 : !lathe.weight<8x8xf32> -> !lathe.weight<8x8xf32, panel 64>
    lathe.yield %1 : !lathe.weight<8x8xf32, panel 64>
  }
  // CHECK: exec.kernel @write over rows slices [unit, !exec.slice<rows by 8 of f32, stride 32>, unit] states {kv = 2 : i64} {
  // CHECK-NEXT: ^bb0(%[[B:.*]]: !lathe.batch, %[[K:.*]]: tensor<?x8xf32>, %{{.*}}: !lathe.state<growing 2x1x8xf32>):
  // CHECK-NEXT:   lathe.cache_write %[[K]], %[[K]], %[[B]] into @kv : tensor<?x8xf32>, tensor<?x8xf32>
  exec.kernel @write over rows slices [unit, !exec.slice<rows by 8 of f32, stride 32>, unit] states {kv = 2 : i64} {
  ^bb0(%batch: !lathe.batch, %k: tensor<?x8xf32>, %state: !lathe.state<growing 2x1x8xf32>):
    lathe.cache_write %k, %k, %batch into @kv : tensor<?x8xf32>, tensor<?x8xf32>
    lathe.yield
  }
  // CHECK: exec.kernel @linear over outputs
  exec.kernel @linear over outputs slices [!exec.slice<rows by 8 of f32, stride 32>, unit, !exec.slice<rows by 8 of f32, stride 64>] states {} {
  ^bb0(%x: tensor<?x8xf32>, %w: !lathe.weight<8x8xf32, panel 64>):
    %0 = lathe.linear %x, [%w] : tensor<?x8xf32>, [!lathe.weight<8x8xf32, panel 64>] -> tensor<?x8xf32>
    lathe.yield %0 : tensor<?x8xf32>
  }
  // CHECK: exec.entry @step {
  exec.entry @step {
    // CHECK-NEXT: %[[X:.*]] = exec.slice 0 : <rows by 8 of f32, stride 32>
    %x = exec.slice 0 : !exec.slice<rows by 8 of f32, stride 32>
    // CHECK-NEXT: %[[Y:.*]] = exec.slice 2048 : <rows by 8 of f32, stride 64>
    %y = exec.slice 2048 : !exec.slice<rows by 8 of f32, stride 64>
    // CHECK-NEXT: %[[W:.*]] = exec.use @w : !lathe.weight<8x8xf32, panel 64>
    %w = exec.use @w : !lathe.weight<8x8xf32, panel 64>
    // CHECK-NEXT: %[[S:.*]] = exec.use @kv0 : !lathe.state<growing 2x1x8xf32>
    %s = exec.use @kv0 : !lathe.state<growing 2x1x8xf32>
    // CHECK-NEXT: exec.dispatch @write(%[[X]], %[[S]] : !exec.slice<rows by 8 of f32, stride 32>, !lathe.state<growing 2x1x8xf32>)
    exec.dispatch @write(%x, %s : !exec.slice<rows by 8 of f32, stride 32>, !lathe.state<growing 2x1x8xf32>)
    // CHECK-NEXT: exec.dispatch @linear(%[[X]], %[[W]] : !exec.slice<rows by 8 of f32, stride 32>, !lathe.weight<8x8xf32, panel 64>) -> %[[Y]] : !exec.slice<rows by 8 of f32, stride 64>
    exec.dispatch @linear(%x, %w : !exec.slice<rows by 8 of f32, stride 32>, !lathe.weight<8x8xf32, panel 64>) -> %y : !exec.slice<rows by 8 of f32, stride 64>
    // CHECK-NEXT: exec.result %[[Y]] : <rows by 8 of f32, stride 64>
    exec.result %y : !exec.slice<rows by 8 of f32, stride 64>
  }
}

// CHECK: func.func private @slices(!exec.slice<outputs by 3 of bf16, stride 6>, !exec.slice<sequences by 8 of f32, stride 32>,
// CHECK-SAME: !exec.slice<rows by 40 of i8, stride 192, group 32>)
func.func private @slices(!exec.slice<outputs by 3 of bf16, stride 6>, !exec.slice<sequences by 8 of f32, stride 32>,
                          !exec.slice<rows by 40 of i8, stride 192, group 32>)

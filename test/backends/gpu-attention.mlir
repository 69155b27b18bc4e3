// RUN: lathe-opt %s --split-input-file --lathe-gpu-kernels | FileCheck %s

// One row: the four queries that share a KV head; more rows: tiles of eight queries. Keys are met 64 at a time, and
// never one behind the last. With 8 KV heads the keys of one row are split into 32 parts and those of few rows, in four
// tiles, into 8: a part leaves sums of 128 columns for each query in scratch, the largest scores behind them and then
// the totals.
// CHECK-LABEL: gpu.func @k0(
// CHECK-SAME: %[[SCRATCH:arg4]]: !llvm.ptr<1>
// CHECK-SAME: memref<128xvector<4xf32>, #gpu.address_space<workgroup>>
// CHECK-SAME: memref<1024xf32, #gpu.address_space<workgroup>>
// CHECK-SAME: known_block_size = array<i32: 256, 1, 1>
// CHECK: %[[BYTES:.*]] = arith.constant 2112 : i64
// CHECK-NEXT: %[[AT:.*]] = arith.muli %{{.*}}, %[[BYTES]]
// CHECK-NEXT: %[[PART:.*]] = llvm.getelementptr %[[SCRATCH]][%[[AT]]]
// CHECK: arith.constant 31 : i64
// CHECK-NEXT: arith.addi
// CHECK-NEXT: %[[SPLITS:.*]] = arith.constant 32 : i64
// CHECK-NEXT: arith.divui %{{.*}}, %[[SPLITS]]
// CHECK: scf.for
// CHECK: arith.minsi
// CHECK: llvm.load {{.*}} {alignment = 8 : i64} : !llvm.ptr<1> -> vector<4xbf16>
// CHECK: gpu.barrier
// CHECK: math.exp
// CHECK: gpu.barrier
// CHECK: %[[LARGEST:.*]] = arith.constant 2048 : i64
// CHECK-NEXT: llvm.getelementptr %[[PART]][%[[LARGEST]]]
// CHECK: %[[TOTAL:.*]] = arith.constant 2064 : i64
// CHECK-NEXT: llvm.getelementptr %[[PART]][%[[TOTAL]]]
// CHECK-COUNT-4: llvm.store %{{.*}}, %{{.*}} {alignment = 16 : i64} : vector<4xf32>, !llvm.ptr<1>
// CHECK-NOT: vector<4xf32>, !llvm.ptr<1>

// CHECK-LABEL: gpu.func @k1(
// CHECK-SAME: memref<256xvector<4xf32>, #gpu.address_space<workgroup>>
// CHECK: arith.constant 4160 : i64
// CHECK: arith.divui %{{.*}}, %c8_i64

// Many rows: no scratch, all keys.
// CHECK-LABEL: gpu.func @k2(
// CHECK-NOT: %arg4: !llvm.ptr<1>
// CHECK-SAME: memref<256xvector<4xf32>, #gpu.address_space<workgroup>>

// The joins: what parts count, and their sums, eight at a time and in four loads each.
// CHECK-LABEL: gpu.func @k3(
// CHECK-SAME: %[[SCRATCH:arg4]]: !llvm.ptr<1>
// CHECK-SAME: memref<32xf32, #gpu.address_space<workgroup>>
// CHECK-SAME: memref<256xvector<4xf32>, #gpu.address_space<workgroup>>
// CHECK-SAME: known_block_size = array<i32: 256, 1, 1>
// CHECK: llvm.getelementptr %[[SCRATCH]]
// CHECK: math.exp
// CHECK-COUNT-4: llvm.load {{.*}} {alignment = 16 : i64} : !llvm.ptr<1> -> vector<4xf32>
// CHECK: gpu.barrier
// CHECK: arith.divf
// CHECK: llvm.store {{.*}} vector<4xf32>, !llvm.ptr<1>
// CHECK-LABEL: gpu.func @k4(
// CHECK-SAME: memref<8xf32, #gpu.address_space<workgroup>>
exec.program @p for "vulkan" attributes {max_rows = 512 : i64, max_outputs = 16 : i64} {
  exec.kernel @attend over rows slices [!exec.slice<rows by 4096 of f32, stride 16384>, unit, unit,
      !exec.slice<rows by 4096 of f32, stride 16384>] states {s = 1 : i64} {
  ^bb0(%q: tensor<?x4096xf32>, %s: !lathe.state<growing 2x8x128xbf16>, %b: !lathe.batch):
    %a = lathe.attention %q, %b from @s heads 32 over 8 scale 0.08838834764 causal : tensor<?x4096xf32> -> tensor<?x4096xf32>
    lathe.yield %a : tensor<?x4096xf32>
  }
}

// -----

// No more parts than the longest sequence has blocks of 64 positions: three, each of which has threads of the join.
// CHECK-LABEL: gpu.func @k3(
// CHECK-SAME: memref<3xf32, #gpu.address_space<workgroup>>
// CHECK-SAME: memref<96xvector<4xf32>, #gpu.address_space<workgroup>>
// CHECK-SAME: known_block_size = array<i32: 96, 1, 1>
module attributes {lathe.model = {family = "llama", vocabulary = 100 : i64, context = 129 : i64, width = 4096 : i64}} {
  exec.program @p for "vulkan" attributes {max_rows = 512 : i64, max_outputs = 16 : i64} {
    exec.kernel @attend over rows slices [!exec.slice<rows by 4096 of f32, stride 16384>, unit, unit,
        !exec.slice<rows by 4096 of f32, stride 16384>] states {s = 1 : i64} {
    ^bb0(%q: tensor<?x4096xf32>, %s: !lathe.state<growing 2x8x128xbf16>, %b: !lathe.batch):
      %a = lathe.attention %q, %b from @s heads 32 over 8 scale 0.08838834764 causal : tensor<?x4096xf32> -> tensor<?x4096xf32>
      lathe.yield %a : tensor<?x4096xf32>
    }
  }
}

// -----

// One block is not split: a class for one row and one for more, without scratch and without joins.
// CHECK-LABEL: gpu.module @one_block
// CHECK: gpu.func @k0(
// CHECK-NOT: %arg4: !llvm.ptr<1>
// CHECK: gpu.func @k1(
// CHECK-NOT: gpu.func
module attributes {lathe.model = {family = "llama", vocabulary = 100 : i64, context = 64 : i64, width = 4096 : i64}} {
  exec.program @one_block for "vulkan" attributes {max_rows = 512 : i64, max_outputs = 16 : i64} {
    exec.kernel @attend over rows slices [!exec.slice<rows by 4096 of f32, stride 16384>, unit, unit,
        !exec.slice<rows by 4096 of f32, stride 16384>] states {s = 1 : i64} {
    ^bb0(%q: tensor<?x4096xf32>, %s: !lathe.state<growing 2x8x128xbf16>, %b: !lathe.batch):
      %a = lathe.attention %q, %b from @s heads 32 over 8 scale 0.08838834764 causal : tensor<?x4096xf32> -> tensor<?x4096xf32>
      lathe.yield %a : tensor<?x4096xf32>
    }
  }
}

// -----

// Nor are the keys of a batch, or those of so many KV heads that they fill a GPU.
// CHECK-LABEL: gpu.module @full
// CHECK-COUNT-4: gpu.func
// CHECK-NOT: gpu.func
exec.program @full for "vulkan" attributes {max_rows = 512 : i64, max_outputs = 16 : i64} {
  exec.kernel @batch over rows slices [!exec.slice<rows by 128 of f32, stride 512>, !exec.slice<rows by 128 of f32, stride 512>,
      !exec.slice<rows by 128 of f32, stride 512>, unit, !exec.slice<rows by 128 of f32, stride 512>] states {} {
  ^bb0(%q: tensor<?x128xf32>, %k: tensor<?x128xf32>, %v: tensor<?x128xf32>, %b: !lathe.batch):
    %a = lathe.attention %q keys %k values %v, %b heads 2 over 2 scale 0.125 causal : tensor<?x128xf32>, tensor<?x128xf32>, tensor<?x128xf32> -> tensor<?x128xf32>
    lathe.yield %a : tensor<?x128xf32>
  }
  exec.kernel @heads over rows slices [!exec.slice<rows by 1024 of f32, stride 4096>, unit, unit,
      !exec.slice<rows by 1024 of f32, stride 4096>] states {s = 1 : i64} {
  ^bb0(%q: tensor<?x1024xf32>, %s: !lathe.state<growing 2x256x4xbf16>, %b: !lathe.batch):
    %a = lathe.attention %q, %b from @s heads 256 over 256 scale 0.5 causal : tensor<?x1024xf32> -> tensor<?x1024xf32>
    lathe.yield %a : tensor<?x1024xf32>
  }
}

// RUN: lathe-opt %s --lathe-gpu-kernels | FileCheck %s

// One row: the four queries that share a KV head; more rows: tiles of eight queries. Keys are met 64 at a time, and
// never one behind the last.
// CHECK-LABEL: gpu.func @k0(
// CHECK-SAME: memref<128xvector<4xf32>, #gpu.address_space<workgroup>>
// CHECK-SAME: memref<1024xf32, #gpu.address_space<workgroup>>
// CHECK-SAME: known_block_size = array<i32: 256, 1, 1>
// CHECK: scf.for
// CHECK: arith.minsi
// CHECK: llvm.load {{.*}} {alignment = 8 : i64} : !llvm.ptr<1> -> vector<4xbf16>
// CHECK: gpu.barrier
// CHECK: math.exp
// CHECK: gpu.barrier
// CHECK-LABEL: gpu.func @k1(
// CHECK-SAME: memref<256xvector<4xf32>, #gpu.address_space<workgroup>>
exec.program @p for "vulkan" attributes {max_rows = 512 : i64, max_outputs = 16 : i64} {
  exec.kernel @attend over rows slices [!exec.slice<rows by 4096 of f32, stride 16384>, unit, unit,
      !exec.slice<rows by 4096 of f32, stride 16384>] states {s = 1 : i64} {
  ^bb0(%q: tensor<?x4096xf32>, %s: !lathe.state<growing 2x8x128xbf16>, %b: !lathe.batch):
    %a = lathe.attention %q, %b from @s heads 32 over 8 scale 0.08838834764 causal : tensor<?x4096xf32> -> tensor<?x4096xf32>
    lathe.yield %a : tensor<?x4096xf32>
  }
}

// RUN: lathe-opt %s --lathe-gpu-kernels --split-input-file | FileCheck %s
// A bitmap's codes are put in their places in work-group memory, a pass of columns at a time; the address of the next
// code goes from pass to pass.

// Bytes: passes of 128 columns, whose mask has 256 words; four columns of two rows are filled by a thread.
exec.program @p for "vulkan" attributes {max_rows = 1 : i64, max_outputs = 1 : i64} {
  // CHECK: gpu.func @k0
  // CHECK-SAME: memref<2048xi32, #gpu.address_space<workgroup>>, {{.*}}memref<272xi32
  // CHECK: llvm.load {{.*}} {alignment = 4 : i64} : !llvm.ptr{{.*}} -> i32
  // CHECK: arith.minsi
  // CHECK: scf.for {{.*}} -> (vector<4xf32>, !llvm.ptr
  // CHECK: gpu.barrier
  // CHECK: math.ctpop
  // CHECK: gpu.barrier
  // CHECK: llvm.load {{.*}} -> i8
  // CHECK: arith.select
  // CHECK: gpu.barrier
  exec.kernel @bytes over rows slices [!exec.slice<rows by 256 of f32, stride 1024>, unit, !exec.slice<rows by 64 of f32, stride 256>] states {} {
  ^bb0(%x: tensor<?x256xf32>, %w: !lathe.weight<64x256x<si8, block 1x0, scale <f32>, bitmap>, panel 64>):
    %y = lathe.linear %x, [%w] : tensor<?x256xf32>, [!lathe.weight<64x256x<si8, block 1x0, scale <f32>, bitmap>, panel 64>] -> tensor<?x64xf32>
    lathe.yield %y : tensor<?x64xf32>
  }
}

// -----

// Wider codes become f32; fewer columns than a pass are one, without a loop.
exec.program @p for "vulkan" attributes {max_rows = 1 : i64, max_outputs = 1 : i64} {
  // CHECK: gpu.func @k0
  // CHECK-SAME: memref<2048xf32, #gpu.address_space<workgroup>>
  // CHECK-NOT: -> (vector<4xf32>, !llvm.ptr
  // CHECK: llvm.load {{.*}} -> vector<1xf16>
  // CHECK: memref.store {{.*}} : memref<2048xf32
  exec.kernel @halves over rows slices [!exec.slice<rows by 20 of f32, stride 128>, unit, !exec.slice<rows by 64 of f32, stride 256>] states {} {
  ^bb0(%x: tensor<?x20xf32>, %w: !lathe.weight<64x20x<f16, bitmap>, panel 64>):
    %y = lathe.linear %x, [%w] : tensor<?x20xf32>, [!lathe.weight<64x20x<f16, bitmap>, panel 64>] -> tensor<?x64xf32>
    lathe.yield %y : tensor<?x64xf32>
  }
}

// RUN: lathe-opt %s --lathe-gpu-kernels=variant=sm_80 | FileCheck %s --check-prefix=GPU
// RUN: lathe-opt %s --pass-pipeline="builtin.module(lathe-gpu-kernels{variant=sm_80},gpu.module(lathe-gpu-to-nvvm))" | FileCheck %s

// A work group's memory is a global of the third address space; reductions are shuffles; no call is left.
// CHECK: llvm.mlir.global {{.*}}@__wg_k0_0() {addr_space = 3 : i32} : !llvm.array<64 x i32>
// CHECK-NOT: llvm.call
// CHECK-LABEL: llvm.func @k0(
// What nobody writes is known as such, and how addresses are aligned.
// CHECK-SAME: %arg0: !llvm.ptr<1> {llvm.noalias, llvm.readonly}
// CHECK-SAME: %arg1: !llvm.ptr<1> {llvm.align = 16 : i64}
// CHECK-SAME: %arg2: !llvm.ptr<1> {llvm.align = 64 : i64, llvm.noalias, llvm.readonly}
// CHECK-SAME: %arg3: !llvm.ptr<1> {llvm.align = 64 : i64}
// CHECK-SAME: nvvm.kernel
// CHECK: nvvm.read.ptx.sreg.tid.x range <i32, 0, 64>
// CHECK: nvvm.shfl.sync bfly
// CHECK: nvvm.barrier
// CHECK: llvm.intr.sqrt
// CHECK: llvm.return
// GPU: gpu.func @k0({{.*}} workgroup({{.*}}) kernel attributes {known_block_size = array<i32: 64, 1, 1>}
exec.program @cuda for "cuda" attributes {max_rows = 512 : i64, max_outputs = 16 : i64} {
  exec.kernel @norm over rows slices [!exec.slice<rows by 256 of f32, stride 2048>, unit,
      !exec.slice<rows by 256 of f32, stride 1024>] states {} {
  ^bb0(%x: tensor<?x256xf32>, %w: !lathe.weight<256xf32>):
    %n = lathe.rms_norm %x, %w epsilon 1.0e-5 : tensor<?x256xf32>, !lathe.weight<256xf32>
    lathe.yield %n : tensor<?x256xf32>
  }
  // CHECK-LABEL: llvm.func @k1(
  // CHECK-NOT: llvm.call
  // CHECK: llvm.intr.roundeven
  // CHECK: llvm.return
  exec.kernel @silu over rows slices [!exec.slice<rows by 256 of f32, stride 1024>,
      !exec.slice<rows by 256 of f32, stride 1024>] states {} {
  ^bb0(%x: tensor<?x256xf32>):
    %y = lathe.activation silu %x : tensor<?x256xf32>
    lathe.yield %y : tensor<?x256xf32>
  }
  exec.entry @step {
    // The norm reads the right half of rows of 512.
    %x = exec.slice 1040 : !exec.slice<rows by 256 of f32, stride 2048>
    %n = exec.slice 1048576 : !exec.slice<rows by 256 of f32, stride 1024>
    %w = exec.use @w : !lathe.weight<256xf32>
    exec.dispatch @norm(%x, %w : !exec.slice<rows by 256 of f32, stride 2048>, !lathe.weight<256xf32>) -> %n : !exec.slice<rows by 256 of f32, stride 1024>
    exec.result %n : !exec.slice<rows by 256 of f32, stride 1024>
  }
}

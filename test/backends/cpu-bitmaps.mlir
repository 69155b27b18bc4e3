// RUN: lathe-opt %s --lathe-cpu-kernels=variant=avx2 | FileCheck %s --check-prefixes=CHECK,AVX2
// RUN: lathe-opt %s --lathe-cpu-kernels=variant=avx512vnni | FileCheck %s --check-prefixes=CHECK,AVX512
// RUN: lathe-opt %s --lathe-cpu-kernels="variant=avx2 lower=true" | FileCheck %s --check-prefix=LLVM
// RUN: lathe-opt %s --lathe-cpu-kernels="variant=avx512vnni lower=true" | FileCheck %s --check-prefix=LLVM

exec.program @cpu for "cpu" attributes {max_rows = 512 : i64, max_outputs = 16 : i64} {
  // The start that the weight states is bounded by all codes of the panels before: 64 x 256 = 16384 a panel.
  // CHECK-LABEL: func.func @integers.c0(
  // CHECK: %[[STATED:.*]] = arith.extui %{{.*}} : i32 to i64
  // CHECK: %[[PANEL_CODES:.*]] = arith.constant 16384 : i64
  // CHECK: %[[MOST:.*]] = arith.muli %{{.*}}, %[[PANEL_CODES]] : i64
  // CHECK: arith.minsi %[[STATED]], %[[MOST]] : i64
  // A pass hands the address of the next code on; codes go to their places in scratch, 64 bytes or 32 at a time.
  // CHECK: scf.for {{.*}} iter_args(%{{.*}} = %{{.*}}) -> (!llvm.ptr)
  // CHECK: scf.for {{.*}} iter_args(%{{.*}} = %{{.*}}) -> (!llvm.ptr)
  // AVX512-COUNT-4: llvm.call_intrinsic "llvm.x86.avx512.mask.expand"
  // AVX2-COUNT-4: llvm.call_intrinsic "llvm.x86.avx2.pshuf.b"
  // CHECK: scf.yield %{{.*}} : !llvm.ptr
  // CHECK: llvm.call_intrinsic "llvm.x86.{{avx512.vpdpbusd|avx2.pmadd}}
  // LLVM-LABEL: llvm.func @integers.c0(
  // LLVM: llvm.return
  exec.kernel @integers over rows slices [!exec.slice<rows by 256 of i8, stride 320, group 64>, unit, !exec.slice<rows by 128 of f32, stride 512>] states {} {
  ^bb0(%x: tensor<?x256xi8, #lathe.quantized_rows<64>>, %w: !lathe.weight<128x256x<si8, block 1x0, scale <f32>, bitmap>, panel 64>):
    %y = lathe.linear %x, [%w] : tensor<?x256xi8, #lathe.quantized_rows<64>>, [!lathe.weight<128x256x<si8, block 1x0, scale <f32>, bitmap>, panel 64>] -> tensor<?x128xf32>
    lathe.yield %y : tensor<?x128xf32>
  }

  // Wide codes lie in columns behind it, as in a weight without a bitmap.
  // CHECK-LABEL: func.func @floats.c0(
  // AVX512-COUNT-4: llvm.call_intrinsic "llvm.x86.avx512.mask.expand"
  // AVX2-COUNT-4: llvm.call_intrinsic "llvm.x86.avx2.pshuf.b"
  // CHECK: vector.shuffle
  // CHECK: {{vector.fma|math.fma}}
  // LLVM-LABEL: llvm.func @floats.c0(
  // LLVM: llvm.return
  exec.kernel @floats over rows slices [!exec.slice<rows by 256 of f32, stride 1024>, unit, !exec.slice<rows by 128 of f32, stride 512>] states {} {
  ^bb0(%x: tensor<?x256xf32>, %w: !lathe.weight<128x256x<f16, bitmap>, panel 64>):
    %y = lathe.linear %x, [%w] : tensor<?x256xf32>, [!lathe.weight<128x256x<f16, bitmap>, panel 64>] -> tensor<?x128xf32>
    lathe.yield %y : tensor<?x128xf32>
  }
}

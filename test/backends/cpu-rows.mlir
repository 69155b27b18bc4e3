// RUN: lathe-opt %s --lathe-cpu-kernels=variant=avx2 | FileCheck %s
// RUN: lathe-opt %s --lathe-cpu-kernels="variant=avx2 lower=true" | FileCheck %s --check-prefix=LLVM
// RUN: lathe-opt %s --lathe-cpu-kernels="variant=avx512vnni lower=true" | FileCheck %s --check-prefix=LLVM

exec.program @cpu for "cpu" attributes {max_rows = 512 : i64, max_outputs = 16 : i64} {
  // One pass adds and sums up, the sum is kept in the result; the next pass scales.
  // CHECK-LABEL: func.func @norm.c0(
  // CHECK: scf.for %[[ROW:.*]] = %arg3 to %arg4
  // CHECK: %[[SUM:.*]] = scf.for {{.*}} iter_args(%{{.*}} = %{{.*}}) -> (vector<16xf32>)
  // CHECK: %[[H:.*]] = arith.addf
  // CHECK: llvm.store %[[H]]
  // CHECK: arith.mulf %[[H]], %[[H]]
  // CHECK: scf.yield
  // 172 = 10 * 16 + 8 + 4: the rest comes in narrower vectors, not under masks.
  // CHECK: arith.addf {{.*}} : vector<8xf32>
  // CHECK: arith.addf {{.*}} : vector<4xf32>
  // CHECK: math.sqrt
  // CHECK: scf.for
  // CHECK-NOT: masked
  // CHECK: llvm.store {{.*}} : vector<16xf32>, !llvm.ptr
  // CHECK: llvm.store {{.*}} : vector<8xf32>, !llvm.ptr
  // CHECK: llvm.store {{.*}} : vector<4xf32>, !llvm.ptr
  // CHECK: return
  // LLVM-LABEL: llvm.func @norm.c0(
  // LLVM: llvm.cond_br
  // LLVM: llvm.intr.sqrt
  // LLVM: llvm.return
  exec.kernel @norm over rows slices [!exec.slice<rows by 172 of f32, stride 688>, !exec.slice<rows by 172 of f32, stride 688>, unit,
      !exec.slice<rows by 172 of f32, stride 688>, !exec.slice<rows by 172 of f32, stride 688>] states {} {
  ^bb0(%x: tensor<?x172xf32>, %y: tensor<?x172xf32>, %w: !lathe.weight<172xf32>):
    %h = lathe.add %x, %y : tensor<?x172xf32>
    %n = lathe.rms_norm %h, %w epsilon 1.0e-5 : tensor<?x172xf32>, !lathe.weight<172xf32>
    lathe.yield %h, %n : tensor<?x172xf32>, tensor<?x172xf32>
  }

  // Functions become arithmetic: no call is left.
  // LLVM-LABEL: llvm.func @silu.c0(
  // LLVM-NOT: llvm.call
  // LLVM: llvm.intr.roundeven
  // LLVM-NOT: llvm.call
  // LLVM: llvm.return
  exec.kernel @silu over rows slices [!exec.slice<rows by 16 of bf16, stride 32>, !exec.slice<rows by 16 of bf16, stride 32>] states {} {
  ^bb0(%x: tensor<?x16xbf16>):
    %y = lathe.activation silu %x : tensor<?x16xbf16>
    lathe.yield %y : tensor<?x16xbf16>
  }

  // Rows wanted for logits are read through the batch's table; whole groups, the short one, then the padding.
  // CHECK-LABEL: func.func @quantize.c0(
  // CHECK: math.absf
  // CHECK: math.roundeven
  // CHECK: vector.reduction <add>
  // CHECK: arith.trunci {{.*}} : vector<16xi32> to vector<16xi8>
  // CHECK: llvm.store {{.*}} : vector<8xi8>, !llvm.ptr
  // CHECK: return
  exec.kernel @quantize over outputs slices [!exec.slice<rows by 56 of f32, stride 224>, unit,
      !exec.slice<outputs by 56 of i8, stride 192, group 32>] states {} {
  ^bb0(%x: tensor<?x56xf32>, %b: !lathe.batch):
    %o = lathe.select_outputs %x, %b : tensor<?x56xf32>
    %q = lathe.quantize_rows %o : tensor<?x56xf32> -> tensor<?x56xi8, #lathe.quantized_rows<32>>
    lathe.yield %q : tensor<?x56xi8, #lathe.quantized_rows<32>>
  }

  // Both halves of a head are read before either is written.
  // CHECK-LABEL: func.func @rotate.c0(
  // CHECK: scf.for
  // CHECK: scf.for
  // CHECK-COUNT-4: llvm.load {{.*}} -> vector<8xf32>
  // CHECK: arith.negf
  // CHECK: llvm.store {{.*}} : vector<8xf32>, !llvm.ptr
  // CHECK: llvm.store {{.*}} : vector<8xf32>, !llvm.ptr
  // CHECK: arith.truncf {{.*}} to vector<8xbf16>
  exec.kernel @rotate over rows slices [!exec.slice<rows by 64 of f32, stride 384>, !exec.slice<rows by 16 of f32, stride 384>,
      !exec.slice<rows by 16 of f32, stride 384>, !exec.slice<rows by 16 of f32, stride 64>, unit, unit,
      !exec.slice<rows by 64 of f32, stride 384>] states {s = 5 : i64} {
  ^bb0(%q: tensor<?x64xf32>, %k: tensor<?x16xf32>, %v: tensor<?x16xf32>, %t: tensor<?x16xf32>, %b: !lathe.batch,
       %s: !lathe.state<growing 2x1x16xbf16>):
    %0 = lathe.rope %q, %t heads 4 : tensor<?x64xf32>, tensor<?x16xf32>
    %1 = lathe.rope %k, %t heads 1 : tensor<?x16xf32>, tensor<?x16xf32>
    lathe.cache_write %1, %v, %b into @s : tensor<?x16xf32>, tensor<?x16xf32>
    lathe.yield %0 : tensor<?x64xf32>
  }
}

// RUN: lathe-opt %s --lathe-cpu-kernels=variant=avx2 | FileCheck %s --check-prefixes=CHECK,AVX2
// RUN: lathe-opt %s --lathe-cpu-kernels=variant=avx512vnni | FileCheck %s --check-prefixes=CHECK,AVX512

exec.program @cpu for "cpu" attributes {max_rows = 512 : i64, max_outputs = 16 : i64} {
  // Many rows: a transposed copy of the keys. Few rows: products with the keys as they lie. Then softmax and values.
  // CHECK-LABEL: func.func @attend.c0(
  // CHECK: scf.for %{{.*}} = %arg3 to %arg4
  // CHECK: scf.if
  // CHECK: arith.extf {{.*}} : vector<{{8|16}}xbf16>
  // CHECK: vector.shuffle
  // Scores of four queries, in as many registers as there are.
  // AVX2: scf.for {{.*}} -> (vector<16xf32>, vector<16xf32>, vector<16xf32>, vector<16xf32>)
  // AVX512: scf.for {{.*}} -> (vector<16xf32>, vector<16xf32>, vector<16xf32>, vector<16xf32>, vector<16xf32>,
  // CHECK: math.fma
  // CHECK: arith.cmpi sle, {{.*}} : vector<16xi32>
  // CHECK: math.exp {{.*}} : f32
  // CHECK: math.exp {{.*}} : vector<16xf32>
  // CHECK: scf.if
  // CHECK: math.fma
  // CHECK: math.exp
  // CHECK: arith.divf
  // CHECK: return
  exec.kernel @attend over rows slices [!exec.slice<rows by 384 of f32, stride 1536>, unit, unit,
      !exec.slice<rows by 384 of f32, stride 1536>] states {s = 1 : i64} {
  ^bb0(%q: tensor<?x384xf32>, %s: !lathe.state<growing 2x2x64xbf16>, %b: !lathe.batch):
    %a = lathe.attention %q, %b from @s heads 6 over 2 scale 0.125 causal : tensor<?x384xf32> -> tensor<?x384xf32>
    lathe.yield %a : tensor<?x384xf32>
  }

  // CHECK-LABEL: func.func @table.c0(
  // CHECK: arith.sitofp
  // CHECK: dense<[1.000000e+00, 1.000000e-01, 0.00999999977, 1.000000e-03]> : vector<4xf32>
  // CHECK: math.cos {{.*}} : vector<4xf32>
  // CHECK: math.sin {{.*}} : vector<4xf32>
  exec.kernel @table over rows slices [unit, !exec.slice<rows by 8 of f32, stride 32>] states {} {
  ^bb0(%b: !lathe.batch):
    %p = lathe.positions %b : tensor<?xi32>
    %t = lathe.rope_table %p {frequencies = array<f32: 1.0, 0.1, 0.01, 0.001>} : tensor<?xi32> -> tensor<?x8xf32>
    lathe.yield %t : tensor<?x8xf32>
  }

  // CHECK-LABEL: func.func @pool.c0(
  // CHECK: scf.for {{.*}} -> (vector<16xf32>)
  // CHECK: arith.divf
  // CHECK: math.sqrt
  exec.kernel @pool over sequences slices [!exec.slice<rows by 48 of f32, stride 192>, unit,
      !exec.slice<sequences by 48 of f32, stride 192>] states {} {
  ^bb0(%x: tensor<?x48xf32>, %b: !lathe.batch):
    %p = lathe.pool mean %x, %b : tensor<?x48xf32>
    %n = lathe.l2_normalize %p epsilon 1.0e-12 : tensor<?x48xf32>
    lathe.yield %n : tensor<?x48xf32>
  }

  // CHECK-LABEL: func.func @scan.c0(
  // CHECK: llvm.load {{.*}} -> vector<16xf32>
  // CHECK: scf.for {{.*}} -> (vector<16xf32>)
  // CHECK: math.exp
  // CHECK: math.fma
  exec.kernel @scan over rows slices [!exec.slice<rows by 64 of f32, stride 256>, !exec.slice<rows by 64 of f32, stride 256>, unit,
      unit, !exec.slice<rows by 64 of f32, stride 256>] states {s = 3 : i64} {
  ^bb0(%x: tensor<?x64xf32>, %g: tensor<?x64xf32>, %b: !lathe.batch, %s: !lathe.state<fixed 64xf32>):
    %y = lathe.decay_scan %x, %g, %b in @s : tensor<?x64xf32>
    lathe.yield %y : tensor<?x64xf32>
  }
}

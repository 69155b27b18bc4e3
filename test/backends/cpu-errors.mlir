// RUN: not lathe-opt %s --lathe-cpu-kernels=variant=avx2 --split-input-file 2>&1 | FileCheck %s

exec.program @cpu for "cpu" attributes {max_rows = 512 : i64, max_outputs = 16 : i64} {
  exec.kernel @late over outputs slices [!exec.slice<rows by 16 of f32, stride 64>, unit, !exec.slice<outputs by 16 of f32, stride 64>] states {} {
  ^bb0(%x: tensor<?x16xf32>, %b: !lathe.batch):
    %y = lathe.scale %x by 2.0 : tensor<?x16xf32>
    // CHECK: error: 'lathe.select_outputs' op chooses rows of a value that its own kernel computes; form the dispatch behind it
    %o = lathe.select_outputs %y, %b : tensor<?x16xf32>
    lathe.yield %o : tensor<?x16xf32>
  }
}

// -----

exec.program @cpu for "cpu" attributes {max_rows = 512 : i64, max_outputs = 16 : i64} {
  exec.kernel @keys over rows slices [!exec.slice<rows by 16 of f32, stride 64>, unit, !exec.slice<rows by 16 of f32, stride 64>] states {} {
  ^bb0(%x: tensor<?x16xf32>, %b: !lathe.batch):
    %k = lathe.scale %x by 2.0 : tensor<?x16xf32>
    // CHECK: error: 'lathe.attention' op takes keys that its own kernel computes; form the dispatch behind them
    %a = lathe.attention %x keys %k values %x, %b heads 2 over 2 scale 0.5 : tensor<?x16xf32>, tensor<?x16xf32>, tensor<?x16xf32> -> tensor<?x16xf32>
    lathe.yield %a : tensor<?x16xf32>
  }
}

// -----

exec.program @cpu for "cpu" attributes {max_rows = 512 : i64, max_outputs = 16 : i64} {
  exec.kernel @epilogue over rows slices [!exec.slice<rows by 16 of f32, stride 64>, unit, unit, unit, !exec.slice<rows by 16 of f32, stride 64>] states {s = 1 : i64} {
  ^bb0(%q: tensor<?x16xf32>, %s: !lathe.state<growing 2x2x8xf32>, %b: !lathe.batch, %w: !lathe.weight<16xf32>):
    %a = lathe.attention %q, %b from @s heads 2 over 2 scale 0.5 causal : tensor<?x16xf32> -> tensor<?x16xf32>
    // CHECK: error: 'lathe.rms_norm' op can't be computed element by element behind lathe.attention
    %n = lathe.rms_norm %a, %w epsilon 1.0e-5 : tensor<?x16xf32>, !lathe.weight<16xf32>
    lathe.yield %n : tensor<?x16xf32>
  }
}

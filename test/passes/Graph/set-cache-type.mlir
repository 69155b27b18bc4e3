// RUN: lathe-opt %s --lathe-set-cache-type=type=bf16 | FileCheck %s
// RUN: not lathe-opt %s --lathe-set-cache-type=type=int3 2>&1 | FileCheck %s --check-prefix=ERROR

// ERROR: error: no cache type 'int3'; use f32, bf16 or f16
module {
  // CHECK: lathe.state @kv : !lathe.state<growing 2x2x4xbf16>
  lathe.state @kv : !lathe.state<growing 2x2x4xf32>
  // A recurrent state keeps its precision.
  // CHECK: lathe.state @s : !lathe.state<fixed 8xf32>
  lathe.state @s : !lathe.state<fixed 8xf32>
  func.func @step(%batch: !lathe.batch, %q: tensor<?x8xf32>) -> tensor<?x8xf32> {
    // Values are rounded where they are written; nothing else changes.
    // CHECK: lathe.cache_write %{{.*}} into @kv : tensor<?x8xf32>
    lathe.cache_write %q, %q, %batch into @kv : tensor<?x8xf32>, tensor<?x8xf32>
    %0 = lathe.attention %q, %batch from @kv heads 2 over 2 scale 0.5 causal : tensor<?x8xf32> -> tensor<?x8xf32>
    %1 = lathe.decay_scan %0, %0, %batch in @s : tensor<?x8xf32>
    return %1 : tensor<?x8xf32>
  }
}

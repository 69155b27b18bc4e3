// RUN: lathe-opt %s --lathe-drop-unused-states -split-input-file -verify-diagnostics --remark-format=emitRemark --remarks-filter='.*' | FileCheck %s

module {
  // CHECK-NOT: @dead
  // expected-remark@+1 {{nothing reads @dead; removed with 1 writes to it}}
  lathe.state @dead : !lathe.state<growing 2x2x4xf32>
  // CHECK: lathe.state @live
  lathe.state @live : !lathe.state<growing 2x2x4xf32>
  // CHECK: lathe.state @scan
  lathe.state @scan : !lathe.state<fixed 8xf32>
  func.func @step(%batch: !lathe.batch, %x: tensor<?x8xf32>) -> tensor<?x8xf32> {
    // CHECK: lathe.cache_write {{.*}} into @live
    // CHECK-NOT: into @dead
    lathe.cache_write %x, %x, %batch into @live : tensor<?x8xf32>, tensor<?x8xf32>
    lathe.cache_write %x, %x, %batch into @dead : tensor<?x8xf32>, tensor<?x8xf32>
    %a = lathe.attention %x, %batch from @live heads 2 over 2 scale 0.5 causal : tensor<?x8xf32> -> tensor<?x8xf32>
    %s = lathe.decay_scan %a, %a, %batch in @scan : tensor<?x8xf32>
    return %s : tensor<?x8xf32>
  }
}

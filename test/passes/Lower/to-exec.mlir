// RUN: lathe-opt %s --lathe-to-exec="max-rows=32 max-outputs=4" -split-input-file -verify-diagnostics | FileCheck %s

!w8 = !lathe.weight<8x8xf32, panel 64>

// Two layers share kernels, and a norm's scale that both use is stored once. A split is a view of its parent's bytes.
// CHECK: exec.program @cpu for "cpu"
// CHECK-SAME: max_outputs = 4 : i64, max_rows = 32 : i64
// CHECK: exec.state @kv0 at 0 : !lathe.state<growing 2x2x4xf32>
// CHECK: exec.state @kv1
// CHECK: exec.weight @emb : !lathe.weight<16x8xf32, panel 64> {
// CHECK: lathe.param "emb"
// CHECK: lathe.pack
// CHECK: lathe.yield
// CHECK: exec.weight @layers.0.q.k.w : !lathe.weight<16x8xf32, panel 64>
// CHECK: lathe.concat
// CHECK: exec.weight @layers.1.w
// CHECK-NOT: exec.weight
// CHECK: exec.kernel @embedding_8_f32 over rows slices [unit, unit, !exec.slice<rows by 8 of f32, stride 32>] states {}
// CHECK: exec.kernel @linear_8x16_f32 over rows
// CHECK: exec.kernel @cache_write_8 over rows slices [!exec.slice<rows by 8 of f32, stride 64>, !exec.slice<rows by 8 of f32, stride 64>, unit, unit] states {s0 = 3 : i64}
// CHECK: ^bb0(%{{.*}}: tensor<?x8xf32>, %{{.*}}: tensor<?x8xf32>, %{{.*}}: !lathe.batch, %{{.*}}: !lathe.state<growing 2x2x4xf32>):
// CHECK: into @s0
// CHECK: exec.kernel @select_8_outputs over outputs slices [!exec.slice<rows by 8 of f32, stride 64>, unit, !exec.slice<outputs by 8 of f32, stride 32>]
// CHECK-NOT: exec.kernel
// CHECK: exec.entry @step {
// CHECK: %[[X:.*]] = exec.slice 0 : <rows by 8 of f32, stride 32>
// CHECK: exec.dispatch @embedding_8_f32
// CHECK: %[[Y:.*]] = exec.slice 1024 : <rows by 16 of f32, stride 64>
// CHECK: exec.dispatch @linear_8x16_f32(%[[X]], %{{.*}}) -> %[[Y]]
// CHECK: %[[Q:.*]] = exec.slice 1024 : <rows by 8 of f32, stride 64>
// CHECK: %[[K:.*]] = exec.slice 1056 : <rows by 8 of f32, stride 64>
// CHECK: %[[KV:.*]] = exec.use @kv0
// CHECK: exec.dispatch @cache_write_8(%[[Q]], %[[K]], %[[KV]]
// CHECK: exec.dispatch @linear_8x16_f32
// CHECK: exec.use @kv1
// CHECK: exec.dispatch @cache_write_8
// CHECK: exec.dispatch @select_8_outputs
// CHECK: exec.result %{{.*}} : <outputs by 8 of f32, stride 32>
// CHECK-NOT: func.func
module {
  lathe.state @kv0 : !lathe.state<growing 2x2x4xf32>
  lathe.state @kv1 : !lathe.state<growing 2x2x4xf32>
  func.func @step(%batch: !lathe.batch) -> tensor<?x8xf32> {
    %e = lathe.param "emb" from "model" : !lathe.weight<16x8xf32>
    %ep = lathe.pack %e : !lathe.weight<16x8xf32> -> !lathe.weight<16x8xf32, panel 64>
    %q = lathe.param "layers.0.q.w" from "model" : !lathe.weight<8x8xf32>
    %k = lathe.param "layers.0.k.w" from "model" : !lathe.weight<8x8xf32>
    %qk = lathe.concat %q, %k : !lathe.weight<8x8xf32>, !lathe.weight<8x8xf32> -> !lathe.weight<16x8xf32>
    %w0 = lathe.pack %qk : !lathe.weight<16x8xf32> -> !lathe.weight<16x8xf32, panel 64>
    %w = lathe.param "layers.1.w" from "model" : !lathe.weight<16x8xf32>
    %w1 = lathe.pack %w : !lathe.weight<16x8xf32> -> !lathe.weight<16x8xf32, panel 64>
    %x = lathe.dispatch (%b = %batch : !lathe.batch, %t = %ep : !lathe.weight<16x8xf32, panel 64>) -> tensor<?x8xf32> {
      %ids = lathe.tokens %b : tensor<?xi32>
      %0 = lathe.embedding %ids, %t : tensor<?xi32>, !lathe.weight<16x8xf32, panel 64> -> tensor<?x8xf32>
      lathe.yield %0 : tensor<?x8xf32>
    }
    %y0 = lathe.dispatch (%a = %x : tensor<?x8xf32>, %m = %w0 : !lathe.weight<16x8xf32, panel 64>) -> tensor<?x16xf32> {
      %0 = lathe.linear %a, [%m] : tensor<?x8xf32>, [!lathe.weight<16x8xf32, panel 64>] -> tensor<?x16xf32>
      lathe.yield %0 : tensor<?x16xf32>
    }
    %k0, %v0 = lathe.split %y0 : tensor<?x16xf32> -> tensor<?x8xf32>, tensor<?x8xf32>
    lathe.dispatch (%a = %k0 : tensor<?x8xf32>, %c = %v0 : tensor<?x8xf32>, %b = %batch : !lathe.batch) {
      lathe.cache_write %a, %c, %b into @kv0 : tensor<?x8xf32>, tensor<?x8xf32>
      lathe.yield
    }
    %y1 = lathe.dispatch (%a = %x : tensor<?x8xf32>, %m = %w1 : !lathe.weight<16x8xf32, panel 64>) -> tensor<?x16xf32> {
      %0 = lathe.linear %a, [%m] : tensor<?x8xf32>, [!lathe.weight<16x8xf32, panel 64>] -> tensor<?x16xf32>
      lathe.yield %0 : tensor<?x16xf32>
    }
    %k1, %v1 = lathe.split %y1 : tensor<?x16xf32> -> tensor<?x8xf32>, tensor<?x8xf32>
    lathe.dispatch (%a = %k1 : tensor<?x8xf32>, %c = %v1 : tensor<?x8xf32>, %b = %batch : !lathe.batch) {
      lathe.cache_write %a, %c, %b into @kv1 : tensor<?x8xf32>, tensor<?x8xf32>
      lathe.yield
    }
    %s = lathe.dispatch (%a = %v1 : tensor<?x8xf32>, %b = %batch : !lathe.batch) -> tensor<?x8xf32> {
      %0 = lathe.select_outputs %a, %b : tensor<?x8xf32>
      lathe.yield %0 : tensor<?x8xf32>
    }
    return %s : tensor<?x8xf32>
  }
}

// -----

func.func @step(%batch: !lathe.batch) -> tensor<?x8xf32> {
  %w = lathe.param "w" from "model" : !lathe.weight<16x8xf32>
  // expected-error@+1 {{stands outside a dispatch; run lathe-form-dispatches before}}
  %t = lathe.tokens %batch : tensor<?xi32>
  %x = lathe.embedding %t, %w : tensor<?xi32>, !lathe.weight<16x8xf32> -> tensor<?x8xf32>
  return %x : tensor<?x8xf32>
}

// -----

// expected-error@+1 {{has no entry point to lower}}
module {
}

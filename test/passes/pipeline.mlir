// The phases, one after another and all at once.
// RUN: lathe-opt %s --lathe-graph | FileCheck %s --check-prefix=GRAPH
// RUN: lathe-opt %s --lathe-graph --lathe-compress | FileCheck %s --check-prefix=GRAPH
// RUN: lathe-opt %s --lathe-graph --lathe-compress --lathe-lower="max-rows=64 max-outputs=4" > %t.apart
// RUN: lathe-opt %s --lathe-pipeline="max-rows=64 max-outputs=4" > %t.whole
// RUN: diff %t.apart %t.whole
// RUN: FileCheck %s --check-prefix=LOWER < %t.whole
// RUN: lathe-opt %s --lathe-pipeline="cache-type=bf16 activation-type=bf16" | FileCheck %s --check-prefix=NARROW
// RUN: not lathe-opt %s --lathe-pipeline="max-rows=4 max-outputs=5" 2>&1 | FileCheck %s --check-prefix=ERROR

// ERROR: error: max-rows and max-outputs are positive, and no more outputs than rows; got 4 and 5

// One layer of a Llama: what was written twice is one, queries, keys and values are merged, the MLP runs for selected
// rows.
// GRAPH: lathe.state @kv0 : !lathe.state<growing 2x1x4xf32>
// GRAPH-NOT: @never_read
// GRAPH: func.func @step
// GRAPH: lathe.embedding
// GRAPH: lathe.concat
// GRAPH: lathe.linear
// GRAPH: lathe.split
// GRAPH: lathe.attention
// GRAPH: lathe.select_outputs
// GRAPH: lathe.rms_norm
// GRAPH-NOT: lathe.rms_norm
// GRAPH: %{{.*}}:2 = lathe.linear
// GRAPH: lathe.linear
// GRAPH: return

// LOWER: exec.program @cpu for "cpu" attributes {arena_bytes = {{[0-9]+}} : i64, block_bytes = 2048 : i64, max_outputs = 4 : i64, max_rows = 64 : i64}
// LOWER: exec.weight @model.embed_tokens.weight : !lathe.weight<16x8xf32, panel 64>
// LOWER: exec.weight @model.layers.0.self_attn.q_proj.k_proj.v_proj.weight : !lathe.weight<16x8xf32, panel 64>
// LOWER: exec.kernel @linear_8x2x12_f32_silu_mul_outputs over outputs
// LOWER: exec.entry @step
// LOWER: exec.result

// NARROW: block_bytes = 1024
// NARROW: exec.kernel @embedding_8_f32_bf16
// NARROW: exec.kernel @linear_8x2x12_f32_silu_mul_bf16_outputs
module {
  lathe.state @kv0 : !lathe.state<growing 2x1x4xf32>
  lathe.state @never_read : !lathe.state<growing 2x1x4xf32>
  func.func @step(%batch: !lathe.batch) -> tensor<?x16xf32> {
    %t = lathe.tokens %batch : tensor<?xi32>
    %p = lathe.positions %batch : tensor<?xi32>
    %e = lathe.param "model.embed_tokens.weight" from "model" : !lathe.weight<16x8xf32>
    %x = lathe.embedding %t, %e : tensor<?xi32>, !lathe.weight<16x8xf32> -> tensor<?x8xf32>
    %r = lathe.rope_table %p {frequencies = array<f32: 1.0, 0.1>} : tensor<?xi32> -> tensor<?x4xf32>
    %wq = lathe.param "model.layers.0.self_attn.q_proj.weight" from "model" : !lathe.weight<8x8xf32>
    %wk = lathe.param "model.layers.0.self_attn.k_proj.weight" from "model" : !lathe.weight<4x8xf32>
    %wv = lathe.param "model.layers.0.self_attn.v_proj.weight" from "model" : !lathe.weight<4x8xf32>
    %q = lathe.linear %x, [%wq] : tensor<?x8xf32>, [!lathe.weight<8x8xf32>] -> tensor<?x8xf32>
    %k = lathe.linear %x, [%wk] : tensor<?x8xf32>, [!lathe.weight<4x8xf32>] -> tensor<?x4xf32>
    %v = lathe.linear %x, [%wv] : tensor<?x8xf32>, [!lathe.weight<4x8xf32>] -> tensor<?x4xf32>
    %qr = lathe.rope %q, %r heads 2 : tensor<?x8xf32>, tensor<?x4xf32>
    %kr = lathe.rope %k, %r heads 1 : tensor<?x4xf32>, tensor<?x4xf32>
    lathe.cache_write %kr, %v, %batch into @kv0 : tensor<?x4xf32>, tensor<?x4xf32>
    lathe.cache_write %kr, %v, %batch into @never_read : tensor<?x4xf32>, tensor<?x4xf32>
    %a = lathe.attention %qr, %batch from @kv0 heads 2 over 1 scale 0.5 causal : tensor<?x8xf32> -> tensor<?x8xf32>
    %n = lathe.param "model.norm.weight" from "model" : !lathe.weight<8xf32>
    %n2 = lathe.param "model.norm.weight" from "model" : !lathe.weight<8xf32>
    %h = lathe.rms_norm %a, %n epsilon 1.0e-5 : tensor<?x8xf32>, !lathe.weight<8xf32>
    %h2 = lathe.rms_norm %a, %n2 epsilon 1.0e-5 : tensor<?x8xf32>, !lathe.weight<8xf32>
    %wg = lathe.param "model.layers.0.mlp.gate_proj.weight" from "model" : !lathe.weight<12x8xf32>
    %wu = lathe.param "model.layers.0.mlp.up_proj.weight" from "model" : !lathe.weight<12x8xf32>
    %g = lathe.linear %h, [%wg] : tensor<?x8xf32>, [!lathe.weight<12x8xf32>] -> tensor<?x12xf32>
    %u = lathe.linear %h2, [%wu] : tensor<?x8xf32>, [!lathe.weight<12x8xf32>] -> tensor<?x12xf32>
    %s = lathe.activation silu %g : tensor<?x12xf32>
    %m = lathe.mul %s, %u : tensor<?x12xf32>
    %wd = lathe.param "model.layers.0.mlp.down_proj.weight" from "model" : !lathe.weight<8x12xf32>
    %d = lathe.linear %m, [%wd] : tensor<?x12xf32>, [!lathe.weight<8x12xf32>] -> tensor<?x8xf32>
    %y = lathe.add %a, %d : tensor<?x8xf32>
    %o = lathe.select_outputs %y, %batch : tensor<?x8xf32>
    %l = lathe.linear %o, [%e] : tensor<?x8xf32>, [!lathe.weight<16x8xf32>] -> tensor<?x16xf32>
    return %l : tensor<?x16xf32>
  }
}

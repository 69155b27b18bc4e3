// RUN: lathe-translate --import-checkpoint %S/../fixtures/llama-f32/config.json | FileCheck %s
// RUN: lathe-translate --import-checkpoint %S/../fixtures/llama-f32/config.json | lathe-opt | lathe-opt | FileCheck %s

// CHECK:      module attributes {lathe.model = {context = 128 : i64, family = "llama", vocabulary = 131 : i64, width = 48 : i64}} {
// CHECK-NEXT: lathe.state @kv0 : !lathe.state<growing 2x2x12xf32>
// CHECK-NEXT: lathe.state @kv1 : !lathe.state<growing 2x2x12xf32>
// CHECK-NEXT: func.func @step(%[[BATCH:.*]]: !lathe.batch) -> (tensor<?x131xf32>, tensor<?x48xf32> {lathe.entry = "hidden"}) {
// CHECK-NEXT: %embed_tokens = lathe.param "model.embed_tokens.weight" from "model" : <131x48xf32>
// CHECK-NEXT: %[[TOKENS:.*]] = lathe.tokens %[[BATCH]]
// CHECK-NEXT: %[[X:.*]] = lathe.embedding %[[TOKENS]], %embed_tokens
// CHECK-NEXT: %[[POSITIONS:.*]] = lathe.positions %[[BATCH]]
// CHECK-NEXT: %[[TABLE:.*]] = lathe.rope_table %[[POSITIONS]] {frequencies = array<f32: 1.000000e+00, 0.215443447,
// CHECK-NEXT: %layers_0_input_layernorm = lathe.param "model.layers.0.input_layernorm.weight"
// CHECK-NEXT: %[[H:.*]] = lathe.rms_norm %[[X]], %layers_0_input_layernorm epsilon 9.99999974E-6
// CHECK-NEXT: %layers_0_q_proj = lathe.param "model.layers.0.self_attn.q_proj.weight"
// CHECK-NEXT: %[[Q:.*]] = lathe.linear %[[H]], [%layers_0_q_proj]
// CHECK-NEXT: %layers_0_k_proj = lathe.param
// CHECK-NEXT: %[[K:.*]] = lathe.linear %[[H]], [%layers_0_k_proj]
// CHECK-NEXT: %layers_0_v_proj = lathe.param
// CHECK-NEXT: %[[V:.*]] = lathe.linear %[[H]], [%layers_0_v_proj]
// CHECK-NEXT: %[[QR:.*]] = lathe.rope %[[Q]], %[[TABLE]] heads 4
// CHECK-NEXT: %[[KR:.*]] = lathe.rope %[[K]], %[[TABLE]] heads 2
// CHECK-NEXT: lathe.cache_write %[[KR]], %[[V]], %[[BATCH]] into @kv0
// CHECK-NEXT: %[[A:.*]] = lathe.attention %[[QR]], %[[BATCH]] from @kv0 heads 4 over 2 scale 0.288675129 causal
// CHECK-NEXT: %layers_0_o_proj = lathe.param
// CHECK-NEXT: %[[O:.*]] = lathe.linear %[[A]], [%layers_0_o_proj]
// CHECK-NEXT: %[[R:.*]] = lathe.add %[[X]], %[[O]]
// CHECK-NEXT: %layers_0_post_attention_layernorm = lathe.param
// CHECK-NEXT: %[[H2:.*]] = lathe.rms_norm %[[R]], %layers_0_post_attention_layernorm
// CHECK-NEXT: %layers_0_gate_proj = lathe.param
// CHECK-NEXT: %[[G:.*]] = lathe.linear %[[H2]], [%layers_0_gate_proj]
// CHECK-NEXT: %layers_0_up_proj = lathe.param
// CHECK-NEXT: %[[U:.*]] = lathe.linear %[[H2]], [%layers_0_up_proj]
// CHECK-NEXT: %[[S:.*]] = lathe.activation silu %[[G]]
// CHECK-NEXT: %[[P:.*]] = lathe.mul %[[S]], %[[U]]
// CHECK-NEXT: %layers_0_down_proj = lathe.param
// CHECK-NEXT: %[[D:.*]] = lathe.linear %[[P]], [%layers_0_down_proj]
// CHECK-NEXT: lathe.add %[[R]], %[[D]]
// CHECK:      %[[LAST:.*]] = lathe.select_outputs
// CHECK-NEXT: %norm = lathe.param "model.norm.weight"
// CHECK-NEXT: %[[N:.*]] = lathe.rms_norm %[[LAST]], %norm
// CHECK-NEXT: %lm_head = lathe.param "lm_head.weight" from "model" : <131x48xf32>
// CHECK-NEXT: %[[LOGITS:.*]] = lathe.linear %[[N]], [%lm_head]
// CHECK-NEXT: return %[[LOGITS]], %[[N]]

// RUN: lathe-translate --import-checkpoint %S/../fixtures/gpt2-bf16-erf/config.json | lathe-opt | FileCheck %s

// Learned positions; matrices that are stored K x N; q, k and v from one.
// CHECK:      family = "gpt2"
// CHECK-LABEL: func.func @step
// CHECK:      %[[T:.*]] = lathe.embedding %{{.*}}, %wte
// CHECK:      %[[P:.*]] = lathe.embedding %{{.*}}, %wpe
// CHECK-NEXT: lathe.add %[[T]], %[[P]]
// CHECK:      lathe.layer_norm
// CHECK-NEXT: %[[STORED:.*]] = lathe.param "transformer.h.0.attn.c_attn.weight" from "model" : <72x216xbf16>
// CHECK-NEXT: %[[W:.*]] = lathe.transpose %[[STORED]] : <72x216xbf16> -> <216x72xbf16>
// CHECK-NEXT: %[[QKV:.*]] = lathe.linear %{{.*}}, [%[[W]]]
// CHECK-NEXT: %[[B:.*]] = lathe.param "transformer.h.0.attn.c_attn.bias" from "model" : <216xbf16>
// CHECK-NEXT: %[[BIASED:.*]] = lathe.bias %[[QKV]], %[[B]]
// CHECK-NEXT: %[[PARTS:.*]]:3 = lathe.split %[[BIASED]] : tensor<?x216xf32> -> tensor<?x72xf32>, tensor<?x72xf32>, tensor<?x72xf32>
// CHECK-NEXT: lathe.cache_write %[[PARTS]]#1, %[[PARTS]]#2
// CHECK-NEXT: lathe.attention %[[PARTS]]#0, %{{.*}} from @kv0 heads 6 over 6
// CHECK:      lathe.activation gelu %
// CHECK:      %[[LAST:.*]] = lathe.select_outputs
// CHECK:      %[[N:.*]] = lathe.layer_norm %[[LAST]]
// CHECK-NEXT: lathe.linear %[[N]], [%wte]

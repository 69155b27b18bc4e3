// RUN: lathe-translate --import-checkpoint %S/../fixtures/bert-f32-mean/config.json | lathe-opt | FileCheck %s

// Post-norm, attention over the whole sequence, no state; pooled and normalized as modules.json says. The pooler, a head
// for another task, is not used.
// CHECK:      family = "bert"
// CHECK-NEXT: func.func @embed(%[[BATCH:.*]]: !lathe.batch) -> (tensor<?x48xf32>, tensor<?x48xf32> {lathe.entry = "hidden"}) {
// CHECK:      %[[TYPE:.*]] = lathe.rows %embeddings_token_type_embeddings from 0 : <2x48xf32> -> <48xf32>
// CHECK-NEXT: lathe.bias %{{.*}}, %[[TYPE]]
// CHECK:      %[[X:.*]] = lathe.layer_norm
// CHECK:      %[[A:.*]] = lathe.attention %{{.*}} keys %{{.*}} values %{{.*}}, %[[BATCH]] heads
// CHECK-NOT:  causal
// CHECK:      %[[R:.*]] = lathe.add %[[X]], %
// CHECK:      lathe.layer_norm %[[R]]
// CHECK:      lathe.activation gelu
// CHECK-NOT:  pooler
// CHECK:      %[[E:.*]] = lathe.pool mean %[[H:.*]], %[[BATCH]]
// CHECK-NEXT: %[[N:.*]] = lathe.l2_normalize %[[E]] epsilon 9.99999996E-13
// CHECK-NEXT: return %[[N]], %[[H]]

// RUN: lathe-opt %s --lathe-form-dispatches -split-input-file -verify-diagnostics --remark-format=emitRemark --remarks-filter='.*' | FileCheck %s

!w8 = !lathe.weight<8x8xf32, panel 64>

// Bias, activation and residual join the linear that computes their operand.
// CHECK-LABEL: @epilogues
// CHECK: %[[A:.*]] = lathe.dispatch (%[[X:.*]] = %arg0 : tensor<?x8xf32>, %[[W:.*]] = %arg1 : !lathe.weight<8x8xf32, panel 64>, %[[B:.*]] = %b : !lathe.weight<8xf32>) -> tensor<?x8xf32> {
// CHECK-NEXT: %[[Y:.*]] = lathe.linear %[[X]], [%[[W]]]
// CHECK-NEXT: %[[Z:.*]] = lathe.bias %[[Y]], %[[B]]
// CHECK-NEXT: %[[G:.*]] = lathe.activation gelu %[[Z]]
// CHECK-NEXT: lathe.yield %[[G]]
// CHECK: %[[R:.*]] = lathe.dispatch (%{{.*}} = %[[A]] : tensor<?x8xf32>, %{{.*}} = %arg1 : !lathe.weight<8x8xf32, panel 64>, %{{.*}} = %arg0 : tensor<?x8xf32>)
// CHECK-NEXT: lathe.linear
// CHECK-NEXT: lathe.add
// CHECK-NEXT: lathe.yield
// CHECK: return %[[R]]
func.func @epilogues(%x: tensor<?x8xf32>, %w: !w8) -> tensor<?x8xf32> {
  %b = lathe.param "b" from "model" : !lathe.weight<8xf32>
  // expected-remark@+1 {{one dispatch: linear + bias + activation}}
  %y = lathe.linear %x, [%w] : tensor<?x8xf32>, [!w8] -> tensor<?x8xf32>
  %z = lathe.bias %y, %b : tensor<?x8xf32>, !lathe.weight<8xf32>
  %g = lathe.activation gelu %z : tensor<?x8xf32>
  // expected-remark@+1 {{one dispatch: linear + add}}
  %d = lathe.linear %g, [%w] : tensor<?x8xf32>, [!w8] -> tensor<?x8xf32>
  %r = lathe.add %x, %d : tensor<?x8xf32>
  return %r : tensor<?x8xf32>
}

// -----

!w8 = !lathe.weight<64x64xf32, panel 64>
!row = tensor<?x64xi8, #lathe.quantized_rows<32>>

// A gated MLP is one dispatch, with the quantization of its result: a group lies within a tile.
// CHECK-LABEL: @gated
// CHECK: lathe.dispatch
// CHECK-SAME: -> tensor<?x64xi8, #lathe.quantized_rows<32>>
// CHECK-NEXT: %[[P:.*]]:2 = lathe.linear
// CHECK-NEXT: %[[S:.*]] = lathe.activation silu %[[P]]#0
// CHECK-NEXT: %[[M:.*]] = lathe.mul %[[S]], %[[P]]#1
// CHECK-NEXT: lathe.quantize_rows %[[M]]
// CHECK-NEXT: lathe.yield
// CHECK-NOT: lathe.dispatch
func.func @gated(%x: tensor<?x64xf32>, %g: !w8, %u: !w8) -> !row {
  // expected-remark@+1 {{one dispatch: linear + activation + mul + quantize_rows}}
  %0, %1 = lathe.linear %x, [%g, %u] : tensor<?x64xf32>, [!w8, !w8] -> tensor<?x64xf32>, tensor<?x64xf32>
  %2 = lathe.activation silu %0 : tensor<?x64xf32>
  %3 = lathe.mul %2, %1 : tensor<?x64xf32>
  %4 = lathe.quantize_rows %3 : tensor<?x64xf32> -> !row
  return %4 : !row
}

// -----

!w = !lathe.weight<256x256xf32, panel 64>
!row = tensor<?x256xi8, #lathe.quantized_rows<128>>

// CHECK-LABEL: @wide_group
// CHECK-COUNT-2: lathe.dispatch
func.func @wide_group(%x: tensor<?x256xf32>, %w: !w) -> !row {
  %0 = lathe.linear %x, [%w] : tensor<?x256xf32>, [!w] -> tensor<?x256xf32>
  // expected-remark@+1 {{quantize_rows is not fused with what computes its operand: a group of 128 columns does not lie within a tile of 64}}
  %1 = lathe.quantize_rows %0 : tensor<?x256xf32> -> !row
  return %1 : !row
}

// -----

!w8 = !lathe.weight<8x8xf32, panel 64>

// The product is read by the norm as well: it has to be stored, and the epilogue ends there.
// CHECK-LABEL: @shared_intermediate
// CHECK: lathe.dispatch
// CHECK-NEXT: lathe.linear
// CHECK-NEXT: lathe.yield
// CHECK: lathe.dispatch
// CHECK-NEXT: lathe.rms_norm
// CHECK: lathe.dispatch
// CHECK-NEXT: lathe.activation
// CHECK-NEXT: lathe.add
func.func @shared_intermediate(%x: tensor<?x8xf32>, %w: !w8, %n: !lathe.weight<8xf32>) -> tensor<?x8xf32> {
  %y = lathe.linear %x, [%w] : tensor<?x8xf32>, [!w8] -> tensor<?x8xf32>
  // expected-remark@+2 {{activation is not fused with what computes its operand: linear's result is needed by rms_norm as well}}
  // expected-remark@+1 {{one dispatch: activation + add}}
  %a = lathe.activation relu %y : tensor<?x8xf32>
  // expected-remark@+1 {{rms_norm is not fused with what computes its operand: it needs whole rows, of which a work item computes 64 columns}}
  %h = lathe.rms_norm %y, %n epsilon 1.0e-5 : tensor<?x8xf32>, !lathe.weight<8xf32>
  %s = lathe.add %a, %h : tensor<?x8xf32>
  return %s : tensor<?x8xf32>
}

// -----

!w8 = !lathe.weight<8x8xf32, panel 64>
!row = tensor<?x8xi8, #lathe.quantized_rows<32>>

// An addition that no linear took, a norm and the quantization: one pass over the rows, with two results.
// CHECK-LABEL: @rows
// CHECK: %[[R:.*]]:2 = lathe.dispatch (%[[X:.*]] = %arg0 : tensor<?x8xf32>, %[[Y:.*]] = %arg1 : tensor<?x8xf32>, %{{.*}} = %arg2 : !lathe.weight<8xf32>) -> (tensor<?x8xf32>, tensor<?x8xi8, #lathe.quantized_rows<32>>)
// CHECK-NEXT: %[[S:.*]] = lathe.add %[[X]], %[[Y]]
// CHECK-NEXT: %[[H:.*]] = lathe.rms_norm %[[S]]
// CHECK-NEXT: %[[Q:.*]] = lathe.quantize_rows %[[H]]
// CHECK-NEXT: lathe.yield %[[S]], %[[Q]]
func.func @rows(%x: tensor<?x8xf32>, %y: tensor<?x8xf32>, %n: !lathe.weight<8xf32>) -> (tensor<?x8xf32>, !row) {
  // expected-remark@+1 {{one dispatch: add + rms_norm + quantize_rows}}
  %s = lathe.add %x, %y : tensor<?x8xf32>
  %h = lathe.rms_norm %s, %n epsilon 1.0e-5 : tensor<?x8xf32>, !lathe.weight<8xf32>
  %q = lathe.quantize_rows %h : tensor<?x8xf32> -> !row
  return %s, %q : tensor<?x8xf32>, !row
}

// -----

!w = !lathe.weight<24x8xf32, panel 64>

// Queries turn beside the keys, which turn where they are written; columns are split without moving; attention stands
// alone and behind the write that it has to see.
module {
  lathe.state @kv : !lathe.state<growing 2x2x4xf32>
  // CHECK-LABEL: @attention
  // CHECK: %[[Y:.*]] = lathe.dispatch
  // CHECK-NEXT: lathe.linear
  // CHECK: %[[PARTS:.*]]:3 = lathe.split %[[Y]]
  // CHECK: %[[T:.*]] = lathe.dispatch (%[[BATCH:.*]] = %arg0 : !lathe.batch)
  // CHECK-NEXT: %[[POS:.*]] = lathe.positions %[[BATCH]]
  // CHECK-NEXT: lathe.rope_table %[[POS]]
  // CHECK: %[[Q:.*]] = lathe.dispatch (%{{.*}} = %[[PARTS]]#0 : tensor<?x8xf32>, %{{.*}} = %[[T]] : tensor<?x4xf32>, %{{.*}} = %[[PARTS]]#1 : tensor<?x8xf32>, %{{.*}} = %[[PARTS]]#2 : tensor<?x8xf32>, %{{.*}} = %arg0 : !lathe.batch)
  // CHECK-NEXT: lathe.rope
  // CHECK-NEXT: lathe.rope
  // CHECK-NEXT: lathe.cache_write
  // CHECK: %[[A:.*]] = lathe.dispatch (%{{.*}} = %[[Q]] : tensor<?x8xf32>, %{{.*}} = %arg0 : !lathe.batch)
  // CHECK-NEXT: lathe.attention
  // CHECK: lathe.dispatch
  // CHECK-NEXT: lathe.activation
  func.func @attention(%batch: !lathe.batch, %x: tensor<?x8xf32>, %w: !w) -> tensor<?x8xf32> {
    %y = lathe.linear %x, [%w] : tensor<?x8xf32>, [!w] -> tensor<?x24xf32>
    %q, %k, %v = lathe.split %y : tensor<?x24xf32> -> tensor<?x8xf32>, tensor<?x8xf32>, tensor<?x8xf32>
    %p = lathe.positions %batch : tensor<?xi32>
    %t = lathe.rope_table %p {frequencies = array<f32: 1.0, 0.1>} : tensor<?xi32> -> tensor<?x4xf32>
    // expected-remark@+1 {{one dispatch: rope + rope + cache_write}}
    %qr = lathe.rope %q, %t heads 2 : tensor<?x8xf32>, tensor<?x4xf32>
    %kr = lathe.rope %k, %t heads 2 : tensor<?x8xf32>, tensor<?x4xf32>
    lathe.cache_write %kr, %v, %batch into @kv : tensor<?x8xf32>, tensor<?x8xf32>
    %a = lathe.attention %qr, %batch from @kv heads 2 over 2 scale 0.5 causal : tensor<?x8xf32> -> tensor<?x8xf32>
    // expected-remark@+1 {{activation is not fused with what computes its operand: attention writes its result in pieces that no epilogue can follow}}
    %r = lathe.activation relu %a : tensor<?x8xf32>
    return %r : tensor<?x8xf32>
  }
}

// -----

!w8 = !lathe.weight<8x8xf32, panel 64>

// Selections share a dispatch; a tensor that is taken wide is passed as it is stored.
// CHECK-LABEL: @selections
// CHECK: %[[S:.*]]:2 = lathe.dispatch
// CHECK-NEXT: lathe.select_outputs
// CHECK-NEXT: lathe.select_outputs
// CHECK-NEXT: lathe.yield
// CHECK: lathe.dispatch (%{{.*}} = %[[S]]#1 : tensor<?x8xf32>, %{{.*}} = %arg3 : !lathe.weight<8x8xf32, panel 64>, %[[RES:.*]] = %[[S]]#0 : tensor<?x8xbf16>)
// CHECK-NEXT: lathe.linear
// CHECK-NEXT: %[[WIDE:.*]] = lathe.convert %[[RES]] : tensor<?x8xbf16> -> tensor<?x8xf32>
// CHECK-NEXT: lathe.add %[[WIDE]]
func.func @selections(%batch: !lathe.batch, %x: tensor<?x8xbf16>, %a: tensor<?x8xf32>, %w: !w8) -> tensor<?x8xf32> {
  // expected-remark@+1 {{one dispatch: select_outputs + select_outputs}}
  %0 = lathe.select_outputs %x, %batch : tensor<?x8xbf16>
  %1 = lathe.select_outputs %a, %batch : tensor<?x8xf32>
  %2 = lathe.convert %0 : tensor<?x8xbf16> -> tensor<?x8xf32>
  // expected-remark@+1 {{one dispatch: linear + add}}
  %3 = lathe.linear %1, [%w] : tensor<?x8xf32>, [!w8] -> tensor<?x8xf32>
  %4 = lathe.add %2, %3 : tensor<?x8xf32>
  return %4 : tensor<?x8xf32>
}

// -----

// Dispatches that are there already stay as they are.
// CHECK-LABEL: @already
// CHECK-COUNT-1: lathe.dispatch
// CHECK-NOT: lathe.dispatch
func.func @already(%x: tensor<?x8xf32>) -> tensor<?x8xf32> {
  %0 = lathe.dispatch (%a = %x : tensor<?x8xf32>) -> tensor<?x8xf32> {
    %1 = lathe.add %a, %a : tensor<?x8xf32>
    lathe.yield %1 : tensor<?x8xf32>
  }
  return %0 : tensor<?x8xf32>
}

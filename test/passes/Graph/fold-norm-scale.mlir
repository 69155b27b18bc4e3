// RUN: lathe-opt %s --lathe-fold-norm-scale -split-input-file -verify-diagnostics --remark-format=emitRemark --remarks-filter='.*' | FileCheck %s

// CHECK-LABEL: @folds
// CHECK: %[[H:.*]] = lathe.rms_norm %arg0 epsilon 9.99999974E-6 : tensor<?x8xf32>
// CHECK: %[[A:.*]] = lathe.scale_columns %a by %n : <8x8xf32>, <8xf32> -> <8x8xf32>
// CHECK: lathe.linear %[[H]], [%[[A]]]
// CHECK-DAG: %[[B:.*]] = lathe.scale_columns %b by %n : <4x8xbf16>, <8xf32> -> <4x8xf32>
// CHECK-DAG: %[[C:.*]] = lathe.scale_columns %c by %n : <4x8xbf16>, <8xf32> -> <4x8xf32>
// CHECK: lathe.linear %[[H]], [%[[B]], %[[C]]]
func.func @folds(%x: tensor<?x8xf32>) -> (tensor<?x8xf32>, tensor<?x4xf32>, tensor<?x4xf32>) {
  %n = lathe.param "n" from "model" : !lathe.weight<8xf32>
  %a = lathe.param "a" from "model" : !lathe.weight<8x8xf32>
  %b = lathe.param "b" from "model" : !lathe.weight<4x8xbf16>
  %c = lathe.param "c" from "model" : !lathe.weight<4x8xbf16>
  // expected-remark@+1 {{the scale went into 3 matrices, which are f32 now}}
  %h = lathe.rms_norm %x, %n epsilon 1.0e-5 : tensor<?x8xf32>, !lathe.weight<8xf32>
  %0 = lathe.linear %h, [%a] : tensor<?x8xf32>, [!lathe.weight<8x8xf32>] -> tensor<?x8xf32>
  %1:2 = lathe.linear %h, [%b, %c] : tensor<?x8xf32>, [!lathe.weight<4x8xbf16>, !lathe.weight<4x8xbf16>] -> tensor<?x4xf32>, tensor<?x4xf32>
  return %0, %1#0, %1#1 : tensor<?x8xf32>, tensor<?x4xf32>, tensor<?x4xf32>
}

// -----

// CHECK-LABEL: @refuses
// CHECK-NOT: lathe.scale_columns
func.func @refuses(%x: tensor<?x8xf32>, %ids: tensor<?xi32>) -> tensor<?x8xf32> {
  %n = lathe.param "n" from "model" : !lathe.weight<8xf32>
  %tied = lathe.param "tied" from "model" : !lathe.weight<8x8xf32>
  %a = lathe.param "a" from "model" : !lathe.weight<8x8xf32>
  %q = lathe.quantize none %a : !lathe.weight<8x8xf32> -> !lathe.weight<8x8x<si8, block 1x0, scale <f32>>>
  %e = lathe.embedding %ids, %tied : tensor<?xi32>, !lathe.weight<8x8xf32> -> tensor<?x8xf32>
  // expected-remark@+1 {{the scale stays: a matrix behind it is used elsewhere too}}
  %0 = lathe.rms_norm %e, %n epsilon 1.0e-5 : tensor<?x8xf32>, !lathe.weight<8xf32>
  %1 = lathe.linear %0, [%tied] : tensor<?x8xf32>, [!lathe.weight<8x8xf32>] -> tensor<?x8xf32>
  // expected-remark@+1 {{the scale stays: a matrix behind it is encoded already, as !lathe.weight<8x8x<si8, block 1x0, scale <f32>>>}}
  %2 = lathe.rms_norm %1, %n epsilon 1.0e-5 : tensor<?x8xf32>, !lathe.weight<8xf32>
  %3 = lathe.linear %2, [%q] : tensor<?x8xf32>, [!lathe.weight<8x8x<si8, block 1x0, scale <f32>>>] -> tensor<?x8xf32>
  // expected-remark@+1 {{the scale stays: lathe.add reads the norm's result as well}}
  %4 = lathe.rms_norm %3, %n epsilon 1.0e-5 : tensor<?x8xf32>, !lathe.weight<8xf32>
  %5 = lathe.add %4, %1 : tensor<?x8xf32>
  // expected-remark@+1 {{the scale stays: the norm's bias would have to be multiplied as well}}
  %6 = lathe.layer_norm %5, %n, %n epsilon 1.0e-5 : tensor<?x8xf32>, !lathe.weight<8xf32>, !lathe.weight<8xf32>
  // No scale: nothing to fold.
  %7 = lathe.rms_norm %6 epsilon 1.0e-5 : tensor<?x8xf32>
  return %7 : tensor<?x8xf32>
}

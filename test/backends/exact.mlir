// RUN: lathe-opt %s --lathe-pipeline="recipe='embed -> f32; * -> int4 group 32' quantize-activations=true" | FileCheck %s

// Ops whose result is defined to the last bit once rows and matrices are integers: no norm, no attention, no exponential.
// ExactTest and EncodingsTest compile and run it; here: each product is one of integers.

// CHECK-COUNT-3: lathe.linear {{.*}}#lathe.quantized_rows<32>
module attributes {lathe.model = {context = 256 : i64, family = "toy", vocabulary = 75 : i64, width = 100 : i64}} {
  func.func @step(%batch: !lathe.batch) -> tensor<?x75xf32> {
    %tokens = lathe.tokens %batch : tensor<?xi32>
    %table = lathe.param "embed" from "model" : !lathe.weight<75x100xf32>
    %x = lathe.embedding %tokens, %table : tensor<?xi32>, !lathe.weight<75x100xf32> -> tensor<?x100xf32>
    %gate = lathe.param "gate" from "model" : !lathe.weight<168x100xf32>
    %up = lathe.param "up" from "model" : !lathe.weight<168x100xf32>
    %g = lathe.linear %x, [%gate] : tensor<?x100xf32>, [!lathe.weight<168x100xf32>] -> tensor<?x168xf32>
    %u = lathe.linear %x, [%up] : tensor<?x100xf32>, [!lathe.weight<168x100xf32>] -> tensor<?x168xf32>
    %a = lathe.activation relu %g : tensor<?x168xf32>
    %m = lathe.mul %a, %u : tensor<?x168xf32>
    %down = lathe.param "down" from "model" : !lathe.weight<100x168xf32>
    %d = lathe.linear %m, [%down] : tensor<?x168xf32>, [!lathe.weight<100x168xf32>] -> tensor<?x100xf32>
    %y = lathe.add %x, %d : tensor<?x100xf32>
    %last = lathe.select_outputs %y, %batch : tensor<?x100xf32>
    %head = lathe.param "head" from "model" : !lathe.weight<75x100xf32>
    %logits = lathe.linear %last, [%head] : tensor<?x100xf32>, [!lathe.weight<75x100xf32>] -> tensor<?x75xf32>
    return %logits : tensor<?x75xf32>
  }
}

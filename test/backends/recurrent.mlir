// RUN: lathe-opt %s --lathe-pipeline | FileCheck %s

// A recurrent model: what a sequence remembers is one vector of fixed size, whatever its length.
// RecurrentTest compiles and runs it; here: what it becomes.

// CHECK:     exec.state @memory at 0 : !lathe.state<fixed 72xf32>
// CHECK:     exec.kernel @decay_scan_72 over rows
// Its two linears read one input, so they are one; the head is computed only where logits are wanted.
// CHECK:     exec.entry @step
// CHECK:     exec.dispatch @linear_48x144_f32(
// CHECK:     %[[MEMORY:.*]] = exec.use @memory
// CHECK:     exec.dispatch @decay_scan_72(%{{.*}}, %{{.*}}, %[[MEMORY]]
// CHECK:     exec.dispatch @linear_48x70_f32_outputs(
module attributes {lathe.model = {context = 256 : i64, family = "toy", vocabulary = 70 : i64, width = 48 : i64}} {
  lathe.state @memory : !lathe.state<fixed 72xf32>
  func.func @step(%batch: !lathe.batch) -> tensor<?x70xf32> {
    %tokens = lathe.tokens %batch : tensor<?xi32>
    %table = lathe.param "embed.weight" from "model" : !lathe.weight<70x48xf32>
    %x = lathe.embedding %tokens, %table : tensor<?xi32>, !lathe.weight<70x48xf32> -> tensor<?x48xf32>
    %scale = lathe.param "norm.weight" from "model" : !lathe.weight<48xf32>
    %n = lathe.rms_norm %x, %scale epsilon 1.0e-5 : tensor<?x48xf32>, !lathe.weight<48xf32>
    %input = lathe.param "input.weight" from "model" : !lathe.weight<72x48xf32>
    %forget = lathe.param "forget.weight" from "model" : !lathe.weight<72x48xf32>
    %i = lathe.linear %n, [%input] : tensor<?x48xf32>, [!lathe.weight<72x48xf32>] -> tensor<?x72xf32>
    %g = lathe.linear %n, [%forget] : tensor<?x48xf32>, [!lathe.weight<72x48xf32>] -> tensor<?x72xf32>
    %s = lathe.decay_scan %i, %g, %batch in @memory : tensor<?x72xf32>
    %output = lathe.param "output.weight" from "model" : !lathe.weight<48x72xf32>
    %o = lathe.linear %s, [%output] : tensor<?x72xf32>, [!lathe.weight<48x72xf32>] -> tensor<?x48xf32>
    %y = lathe.add %x, %o : tensor<?x48xf32>
    %last = lathe.select_outputs %y, %batch : tensor<?x48xf32>
    %head = lathe.param "head.weight" from "model" : !lathe.weight<70x48xf32>
    %logits = lathe.linear %last, [%head] : tensor<?x48xf32>, [!lathe.weight<70x48xf32>] -> tensor<?x70xf32>
    return %logits : tensor<?x70xf32>
  }
}

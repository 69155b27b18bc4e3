// Every kernel that a model takes but products and attention, in the forms in which weights and rows are stored:
// each module is valid for Vulkan 1.2.
// REQUIRES: spirv-val
// RUN: rm -rf %t && lathe-opt %s --lathe-gpu-kernels=variant=vulkan1.2 --lathe-gpu-to-spirv="write=%t" -o %t.mlir
// RUN: FileCheck %s < %t.mlir
// RUN: find %t -name "*.spv" | count 18
// RUN: find %t -name "*.spv" | xargs -n 1 spirv-val --target-env vulkan1.2

// CHECK-COUNT-18: spirv.EntryPoint "GLCompute" @main
exec.program @vulkan for "vulkan" attributes {max_rows = 512 : i64, max_outputs = 16 : i64} {
  exec.kernel @embed_f32 over rows slices [unit, unit,
      !exec.slice<rows by 64 of f32, stride 256>] states {} {
  ^bb0(%b: !lathe.batch, %w: !lathe.weight<97x64xf32, panel 64>):
    %i = lathe.tokens %b : tensor<?xi32>
    %y = lathe.embedding %i, %w : tensor<?xi32>, !lathe.weight<97x64xf32, panel 64> -> tensor<?x64xf32>
    lathe.yield %y : tensor<?x64xf32>
  }
  exec.kernel @embed_bf16 over rows slices [unit, unit,
      !exec.slice<rows by 50 of f32, stride 200>] states {} {
  ^bb0(%b: !lathe.batch, %w: !lathe.weight<97x50xbf16, panel 64>):
    %i = lathe.tokens %b : tensor<?xi32>
    %y = lathe.embedding %i, %w : tensor<?xi32>, !lathe.weight<97x50xbf16, panel 64> -> tensor<?x50xf32>
    lathe.yield %y : tensor<?x50xf32>
  }
  exec.kernel @embed_f16 over rows slices [unit, unit,
      !exec.slice<rows by 33 of f32, stride 132>] states {} {
  ^bb0(%b: !lathe.batch, %w: !lathe.weight<97x33xf16, panel 64>):
    %i = lathe.tokens %b : tensor<?xi32>
    %y = lathe.embedding %i, %w : tensor<?xi32>, !lathe.weight<97x33xf16, panel 64> -> tensor<?x33xf32>
    lathe.yield %y : tensor<?x33xf32>
  }
  exec.kernel @embed_int8_rows over rows slices [unit, unit,
      !exec.slice<rows by 64 of f32, stride 256>] states {} {
  ^bb0(%b: !lathe.batch, %w: !lathe.weight<97x64x<si8, block 1x0, scale <f32>>, panel 64>):
    %i = lathe.tokens %b : tensor<?xi32>
    %y = lathe.embedding %i, %w : tensor<?xi32>, !lathe.weight<97x64x<si8, block 1x0, scale <f32>>, panel 64> -> tensor<?x64xf32>
    lathe.yield %y : tensor<?x64xf32>
  }
  exec.kernel @embed_int8_groups over rows slices [unit, unit,
      !exec.slice<rows by 172 of f32, stride 688>] states {} {
  ^bb0(%b: !lathe.batch, %w: !lathe.weight<97x172x<si8, block 1x32, scale <f16>>, panel 64>):
    %i = lathe.tokens %b : tensor<?xi32>
    %y = lathe.embedding %i, %w : tensor<?xi32>, !lathe.weight<97x172x<si8, block 1x32, scale <f16>>, panel 64> -> tensor<?x172xf32>
    lathe.yield %y : tensor<?x172xf32>
  }
  exec.kernel @embed_mxfp4 over rows slices [unit, unit,
      !exec.slice<rows by 96 of f32, stride 384>] states {} {
  ^bb0(%b: !lathe.batch, %w: !lathe.weight<97x96x<f4E2M1FN, block 1x32, scale <f8E8M0FNU>>, panel 64>):
    %i = lathe.tokens %b : tensor<?xi32>
    %y = lathe.embedding %i, %w : tensor<?xi32>, !lathe.weight<97x96x<f4E2M1FN, block 1x32, scale <f8E8M0FNU>>, panel 64> -> tensor<?x96xf32>
    lathe.yield %y : tensor<?x96xf32>
  }
  exec.kernel @embed_q4k over rows slices [unit, unit,
      !exec.slice<rows by 512 of f32, stride 2048>] states {} {
  ^bb0(%b: !lathe.batch, %w: !lathe.weight<97x512x<ui4, block 1x32, scale <ui6, block 1x8, scale <f16>>, offset <ui6, block 1x8, scale <f16>>>, panel 64>):
    %i = lathe.tokens %b : tensor<?xi32>
    %y = lathe.embedding %i, %w : tensor<?xi32>, !lathe.weight<97x512x<ui4, block 1x32, scale <ui6, block 1x8, scale <f16>>, offset <ui6, block 1x8, scale <f16>>>, panel 64> -> tensor<?x512xf32>
    lathe.yield %y : tensor<?x512xf32>
  }
  exec.kernel @embed_table over rows slices [unit, unit,
      !exec.slice<rows by 70 of f32, stride 280>] states {} {
  ^bb0(%b: !lathe.batch, %w: !lathe.weight<97x70x<ui2, table [-1.0, -0.25, 0.25, 1.0], block 1x64, scale <f16>>, panel 64>):
    %i = lathe.tokens %b : tensor<?xi32>
    %y = lathe.embedding %i, %w : tensor<?xi32>, !lathe.weight<97x70x<ui2, table [-1.0, -0.25, 0.25, 1.0], block 1x64, scale <f16>>, panel 64> -> tensor<?x70xf32>
    lathe.yield %y : tensor<?x70xf32>
  }
  exec.kernel @norm over rows slices [!exec.slice<rows by 172 of f32, stride 688>, !exec.slice<rows by 172 of f32, stride 688>, unit,
      !exec.slice<rows by 172 of f32, stride 688>, !exec.slice<rows by 172 of f32, stride 688>] states {} {
  ^bb0(%x: tensor<?x172xf32>, %y: tensor<?x172xf32>, %w: !lathe.weight<172xf32>):
    %h = lathe.add %x, %y : tensor<?x172xf32>
    %n = lathe.rms_norm %h, %w epsilon 1.0e-5 : tensor<?x172xf32>, !lathe.weight<172xf32>
    lathe.yield %h, %n : tensor<?x172xf32>, tensor<?x172xf32>
  }
  exec.kernel @silu over rows slices [!exec.slice<rows by 16 of bf16, stride 32>, !exec.slice<rows by 16 of bf16, stride 32>] states {} {
  ^bb0(%x: tensor<?x16xbf16>):
    %y = lathe.activation silu %x : tensor<?x16xbf16>
    lathe.yield %y : tensor<?x16xbf16>
  }
  exec.kernel @quantize over outputs slices [!exec.slice<rows by 56 of f32, stride 224>, unit,
      !exec.slice<outputs by 56 of i8, stride 192, group 32>] states {} {
  ^bb0(%x: tensor<?x56xf32>, %b: !lathe.batch):
    %o = lathe.select_outputs %x, %b : tensor<?x56xf32>
    %q = lathe.quantize_rows %o : tensor<?x56xf32> -> tensor<?x56xi8, #lathe.quantized_rows<32>>
    lathe.yield %q : tensor<?x56xi8, #lathe.quantized_rows<32>>
  }
  exec.kernel @rotate over rows slices [!exec.slice<rows by 64 of f32, stride 384>, !exec.slice<rows by 16 of f32, stride 384>,
      !exec.slice<rows by 16 of f32, stride 384>, !exec.slice<rows by 16 of f32, stride 64>, unit, unit,
      !exec.slice<rows by 64 of f32, stride 384>] states {s = 5 : i64} {
  ^bb0(%q: tensor<?x64xf32>, %k: tensor<?x16xf32>, %v: tensor<?x16xf32>, %t: tensor<?x16xf32>, %b: !lathe.batch,
       %s: !lathe.state<growing 2x1x16xbf16>):
    %0 = lathe.rope %q, %t heads 4 : tensor<?x64xf32>, tensor<?x16xf32>
    %1 = lathe.rope %k, %t heads 1 : tensor<?x16xf32>, tensor<?x16xf32>
    lathe.cache_write %1, %v, %b into @s : tensor<?x16xf32>, tensor<?x16xf32>
    lathe.yield %0 : tensor<?x64xf32>
  }
  exec.kernel @table over rows slices [unit, !exec.slice<rows by 8 of f32, stride 32>] states {} {
  ^bb0(%b: !lathe.batch):
    %p = lathe.positions %b : tensor<?xi32>
    %t = lathe.rope_table %p {frequencies = array<f32: 1.0, 0.1, 0.01, 0.001>} : tensor<?xi32> -> tensor<?x8xf32>
    lathe.yield %t : tensor<?x8xf32>
  }
  exec.kernel @pool over sequences slices [!exec.slice<rows by 48 of f32, stride 192>, unit,
      !exec.slice<sequences by 48 of f32, stride 192>] states {} {
  ^bb0(%x: tensor<?x48xf32>, %b: !lathe.batch):
    %p = lathe.pool mean %x, %b : tensor<?x48xf32>
    %n = lathe.l2_normalize %p epsilon 1.0e-12 : tensor<?x48xf32>
    lathe.yield %n : tensor<?x48xf32>
  }
  exec.kernel @scan over rows slices [!exec.slice<rows by 64 of f32, stride 256>, !exec.slice<rows by 64 of f32, stride 256>, unit,
      unit, !exec.slice<rows by 64 of f32, stride 256>] states {s = 3 : i64} {
  ^bb0(%x: tensor<?x64xf32>, %g: tensor<?x64xf32>, %b: !lathe.batch, %s: !lathe.state<fixed 64xf32>):
    %y = lathe.decay_scan %x, %g, %b in @s : tensor<?x64xf32>
    lathe.yield %y : tensor<?x64xf32>
  }
  exec.kernel @norm_bf16 over rows slices [!exec.slice<rows by 172 of bf16, stride 344>, unit,
      !exec.slice<rows by 172 of bf16, stride 344>] states {} {
  ^bb0(%x: tensor<?x172xbf16>, %w: !lathe.weight<172xbf16>):
    %n = lathe.rms_norm %x, %w epsilon 1.0e-5 : tensor<?x172xbf16>, !lathe.weight<172xbf16>
    lathe.yield %n : tensor<?x172xbf16>
  }
  exec.kernel @norm_f16 over rows slices [!exec.slice<rows by 172 of f16, stride 344>, unit,
      !exec.slice<rows by 172 of f16, stride 344>] states {} {
  ^bb0(%x: tensor<?x172xf16>, %w: !lathe.weight<172xf16>):
    %n = lathe.rms_norm %x, %w epsilon 1.0e-5 : tensor<?x172xf16>, !lathe.weight<172xf16>
    lathe.yield %n : tensor<?x172xf16>
  }
  exec.kernel @quantize_row over rows slices [!exec.slice<rows by 172 of f32, stride 688>,
      !exec.slice<rows by 172 of i8, stride 320, group 172>] states {} {
  ^bb0(%x: tensor<?x172xf32>):
    %q = lathe.quantize_rows %x : tensor<?x172xf32> -> tensor<?x172xi8, #lathe.quantized_rows<172>>
    lathe.yield %q : tensor<?x172xi8, #lathe.quantized_rows<172>>
  }
}

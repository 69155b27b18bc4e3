// RUN: not lathe-opt %s --lathe-gpu-kernels --split-input-file 2>&1 | FileCheck %s

exec.program @p for "vulkan" attributes {max_rows = 512 : i64, max_outputs = 16 : i64} {
  exec.kernel @wide over rows slices [!exec.slice<rows by 2048 of f32, stride 8192>, unit, unit, !exec.slice<rows by 2048 of f32, stride 8192>] states {s = 1 : i64} {
  ^bb0(%q: tensor<?x2048xf32>, %s: !lathe.state<growing 2x1x2048xf32>, %b: !lathe.batch):
    // CHECK: error: 'lathe.attention' op has heads of 2048 columns; GPUs take 1024 at most
    %a = lathe.attention %q, %b from @s heads 1 over 1 scale 0.1 causal : tensor<?x2048xf32> -> tensor<?x2048xf32>
    lathe.yield %a : tensor<?x2048xf32>
  }
}

// -----

exec.program @p for "vulkan" attributes {max_rows = 512 : i64, max_outputs = 16 : i64} {
  exec.kernel @few over outputs slices [!exec.slice<outputs by 64 of f32, stride 256>, unit, !exec.slice<outputs by 7 of f32, stride 28>] states {} {
  ^bb0(%x: tensor<?x64xf32>, %b: !lathe.batch):
    // CHECK: error: 'lathe.top_logits' op finds 2 tokens, on GPUs 256
    %t = lathe.top_logits %x, %b count 2 : tensor<?x64xf32> -> tensor<?x7xf32>
    lathe.yield %t : tensor<?x7xf32>
  }
}

// -----

exec.program @p for "vulkan" attributes {max_rows = 512 : i64, max_outputs = 16 : i64} {
  exec.kernel @long over outputs slices [!exec.slice<outputs by 2000000 of f32, stride 8000000>, unit, !exec.slice<outputs by 515 of f32, stride 2060>] states {} {
  ^bb0(%x: tensor<?x2000000xf32>, %b: !lathe.batch):
    // CHECK: error: 'lathe.top_logits' op has rows of 2000000 logits; GPUs take 1048576 at most
    %t = lathe.top_logits %x, %b count 256 : tensor<?x2000000xf32> -> tensor<?x515xf32>
    lathe.yield %t : tensor<?x515xf32>
  }
}

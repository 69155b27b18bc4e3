// RUN: lathe-interpret %s | FileCheck %s

// Scores are q . k: equal ones give the mean of the values, one that leads by 100 gives its value alone.
lathe.state @kv : !lathe.state<growing 2x1x1xf32>
lathe.state @half : !lathe.state<growing 2x1x1xbf16>

// Two calls of one sequence: a row sees the rows before it, of this call and of earlier ones.
// CHECK-LABEL: @cached
// CHECK-NEXT:  2
// CHECK-NEXT:  3
// CHECK-LABEL: @cached
// CHECK-NEXT:  5
// CHECK-LABEL: @cached
// CHECK-NEXT:  40
// Back to position 1: what stood there is overwritten, what stood behind it is gone.
// CHECK-LABEL: @cached
// CHECK-NEXT:  3
func.func @cached(
    %k: tensor<?x1xf32> {lathe.value = [dense<[[0.0], [0.0]]> : tensor<2x1xf32>, dense<[[0.0]]> : tensor<1x1xf32>,
                                        dense<[[100.0]]> : tensor<1x1xf32>, dense<[[0.0]]> : tensor<1x1xf32>]},
    %v: tensor<?x1xf32> {lathe.value = [dense<[[2.0], [4.0]]> : tensor<2x1xf32>, dense<[[9.0]]> : tensor<1x1xf32>,
                                        dense<[[40.0]]> : tensor<1x1xf32>, dense<[[4.0]]> : tensor<1x1xf32>]},
    %q: tensor<?x1xf32> {lathe.value = [dense<[[1.0], [1.0]]> : tensor<2x1xf32>, dense<[[1.0]]> : tensor<1x1xf32>,
                                        dense<[[1.0]]> : tensor<1x1xf32>, dense<[[1.0]]> : tensor<1x1xf32>]},
    %batch: !lathe.batch {lathe.value = [{tokens = array<i32: 0, 0>}, {tokens = array<i32: 0>, positions = array<i32: 2>},
        {tokens = array<i32: 0>, positions = array<i32: 3>}, {tokens = array<i32: 0>, positions = array<i32: 1>}]})
    -> tensor<?x1xf32> {
  lathe.cache_write %k, %v, %batch into @kv : tensor<?x1xf32>, tensor<?x1xf32>
  %a = lathe.attention %q, %batch from @kv heads 1 over 1 scale 1.0 causal : tensor<?x1xf32> -> tensor<?x1xf32>
  return %a : tensor<?x1xf32>
}

// Slots don't see each other; the state's type rounds: 257 is 256 in bf16.
// CHECK-LABEL: @slots
// CHECK-NEXT:  256
// CHECK-NEXT:  3
func.func @slots(
    %x: tensor<?x1xf32> {lathe.value = dense<[[257.0], [3.0]]> : tensor<2x1xf32>},
    %batch: !lathe.batch {lathe.value = {tokens = array<i32: 0, 0>, positions = array<i32: 0, 0>, slots = array<i32: 0, 1>}})
    -> tensor<?x1xf32> {
  lathe.cache_write %x, %x, %batch into @half : tensor<?x1xf32>, tensor<?x1xf32>
  %a = lathe.attention %x, %batch from @half heads 1 over 1 scale 1.0 causal : tensor<?x1xf32> -> tensor<?x1xf32>
  return %a : tensor<?x1xf32>
}

// Within the batch: two sequences, of two rows and of one. Heads 0 and 1 read KV head 0, heads 2 and 3 KV head 1.
// scale 0.5: scores 0 and ln 9 / 2 = ln 3 give weights 1/4 and 3/4.
// CHECK-LABEL: @within
// CHECK-NEXT:  4, 6, 20, 20
// CHECK-NEXT:  6, 4, 30, 20
// CHECK-NEXT:  5, 5, 7, 7
// With `causal` row 0 sees only itself.
// CHECK-LABEL: @within
// CHECK-NEXT:  0, 0, 10, 10
// CHECK-NEXT:  6, 4, 30, 20
// CHECK-NEXT:  5, 5, 7, 7
func.func @within(
    %q: tensor<?x4xf32> {lathe.value = dense<[[0.0, 1.0, 0.0, 0.0], [1.0, 0.0, 100.0, 0.0], [1.0, 1.0, 1.0, 1.0]]> : tensor<3x4xf32>},
    %k: tensor<?x2xf32> {lathe.value = dense<[[0.0, 0.0], [2.19722458, 100.0], [0.0, 0.0]]> : tensor<3x2xf32>},
    %v: tensor<?x2xf32> {lathe.value = dense<[[0.0, 10.0], [8.0, 30.0], [5.0, 7.0]]> : tensor<3x2xf32>},
    %batch: !lathe.batch {lathe.value = {tokens = array<i32: 0, 0, 0>, positions = array<i32: 0, 1, 0>, slots = array<i32: 0, 0, 1>}})
    -> (tensor<?x4xf32>, tensor<?x4xf32>) {
  %a = lathe.attention %q keys %k values %v, %batch heads 4 over 2 scale 0.5 : tensor<?x4xf32>, tensor<?x2xf32>, tensor<?x2xf32> -> tensor<?x4xf32>
  %b = lathe.attention %q keys %k values %v, %batch heads 4 over 2 scale 0.5 causal : tensor<?x4xf32>, tensor<?x2xf32>, tensor<?x2xf32> -> tensor<?x4xf32>
  return %a, %b : tensor<?x4xf32>, tensor<?x4xf32>
}

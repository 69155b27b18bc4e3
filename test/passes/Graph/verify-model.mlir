// RUN: lathe-opt %s --lathe-verify-model -split-input-file -verify-diagnostics

func.func @step(%batch: !lathe.batch) -> tensor<?x8xf32> {
  %w = lathe.param "w" from "model" : !lathe.weight<32x8xf32>
  %t = lathe.tokens %batch : tensor<?xi32>
  %x = lathe.embedding %t, %w : tensor<?xi32>, !lathe.weight<32x8xf32> -> tensor<?x8xf32>
  %s = lathe.select_outputs %x, %batch : tensor<?x8xf32>
  return %s : tensor<?x8xf32>
}

// -----

func.func @step(%batch: !lathe.batch) -> (tensor<?x8xf32>, tensor<?x8xf32> {lathe.entry = "hidden"}) {
  %w = lathe.param "w" from "model" : !lathe.weight<32x8xf32>
  %t = lathe.tokens %batch : tensor<?xi32>
  %x = lathe.embedding %t, %w : tensor<?xi32>, !lathe.weight<32x8xf32> -> tensor<?x8xf32>
  return %x, %x : tensor<?x8xf32>, tensor<?x8xf32>
}

// -----

// expected-error@+1 {{result 1 is an entry point without a name: give it lathe.entry}}
func.func @step(%batch: !lathe.batch) -> (tensor<?x8xf32>, tensor<?x8xf32>) {
  %w = lathe.param "w" from "model" : !lathe.weight<32x8xf32>
  %t = lathe.tokens %batch : tensor<?xi32>
  %x = lathe.embedding %t, %w : tensor<?xi32>, !lathe.weight<32x8xf32> -> tensor<?x8xf32>
  return %x, %x : tensor<?x8xf32>, tensor<?x8xf32>
}

// -----

// expected-error@+1 {{two entry points are called "step"}}
func.func @step(%batch: !lathe.batch) -> (tensor<?x8xf32>, tensor<?x8xf32> {lathe.entry = "step"}) {
  %w = lathe.param "w" from "model" : !lathe.weight<32x8xf32>
  %t = lathe.tokens %batch : tensor<?xi32>
  %x = lathe.embedding %t, %w : tensor<?xi32>, !lathe.weight<32x8xf32> -> tensor<?x8xf32>
  return %x, %x : tensor<?x8xf32>, tensor<?x8xf32>
}

// -----

// expected-error@+1 {{an entry point takes one argument, the !lathe.batch}}
func.func @step(%x: tensor<?x8xf32>) -> tensor<?x8xf32> {
  return %x : tensor<?x8xf32>
}

// -----

// expected-error@+1 {{an entry point returns tensors of rows x features, f32}}
func.func @step(%batch: !lathe.batch) -> tensor<?xi32> {
  %t = lathe.tokens %batch : tensor<?xi32>
  return %t : tensor<?xi32>
}

// -----

// expected-error@+1 {{an entry point is one block of ops}}
func.func private @step(!lathe.batch) -> tensor<?x8xf32>

// -----

// expected-error@+1 {{a model has at least one entry point, such as func.func @step}}
module {
  lathe.state @kv : !lathe.state<growing 2x2x4xf32>
}

// -----

module {
  lathe.state @kv : !lathe.state<growing 2x2x4xf32>
  func.func @step(%batch: !lathe.batch) -> tensor<?x8xf32> {
    %w = lathe.param "w" from "model" : !lathe.weight<32x8xf32>
    %t = lathe.tokens %batch : tensor<?xi32>
    %x = lathe.embedding %t, %w : tensor<?xi32>, !lathe.weight<32x8xf32> -> tensor<?x8xf32>
    // expected-error@+1 {{reads @kv before a cache_write stores this call's rows in it}}
    %a = lathe.attention %x, %batch from @kv heads 2 over 2 scale 0.5 causal : tensor<?x8xf32> -> tensor<?x8xf32>
    return %a : tensor<?x8xf32>
  }
}

// -----

func.func @step(%batch: !lathe.batch) -> tensor<?x8xf32> {
  %w = lathe.param "w" from "model" : !lathe.weight<32x8xf32>
  %t = lathe.tokens %batch : tensor<?xi32>
  %x = lathe.embedding %t, %w : tensor<?xi32>, !lathe.weight<32x8xf32> -> tensor<?x8xf32>
  %s = lathe.select_outputs %x, %batch : tensor<?x8xf32>
  // expected-error@+1 {{mixes tensors of rows and of outputs; select or pool both operands}}
  %y = lathe.add %x, %s : tensor<?x8xf32>
  return %y : tensor<?x8xf32>
}

// -----

func.func @step(%batch: !lathe.batch) -> tensor<?x8xf32> {
  %w = lathe.param "w" from "model" : !lathe.weight<32x8xf32>
  // expected-error@+1 {{belongs behind the model level; the lower phase makes it}}
  %p = lathe.pack %w : !lathe.weight<32x8xf32> -> !lathe.weight<32x8xf32, panel 64>
  %t = lathe.tokens %batch : tensor<?xi32>
  %x = lathe.embedding %t, %p : tensor<?xi32>, !lathe.weight<32x8xf32, panel 64> -> tensor<?x8xf32>
  return %x : tensor<?x8xf32>
}

// -----

func.func @embed(%batch: !lathe.batch) -> tensor<?x8xf32> {
  %w = lathe.param "w" from "model" : !lathe.weight<32x8xf32>
  %t = lathe.tokens %batch : tensor<?xi32>
  %x = lathe.embedding %t, %w : tensor<?xi32>, !lathe.weight<32x8xf32> -> tensor<?x8xf32>
  %p = lathe.pool mean %x, %batch : tensor<?x8xf32>
  // expected-error@+1 {{needs every row of the batch, but gets one a sequence}}
  %s = lathe.select_outputs %p, %batch : tensor<?x8xf32>
  return %s : tensor<?x8xf32>
}

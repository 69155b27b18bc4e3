// Every constraint of a compute op, by its number in the documentation.
// RUN: lathe-opt %s --split-input-file --verify-diagnostics

func.func @embedding(%ids: tensor<?xi32>, %w: !lathe.weight<10x8xf32>) {
  // expected-error@+1 {{(C1) a table of '!lathe.weight<10x8xf32>' does not give rows of 4}}
  %0 = lathe.embedding %ids, %w : tensor<?xi32>, !lathe.weight<10x8xf32> -> tensor<?x4xf32>
  return
}

// -----

func.func @linear_results(%x: tensor<?x8xf32>, %w: !lathe.weight<4x8xf32>) {
  // expected-error@+1 {{(C1) needs one result for each weight, at least one}}
  %0, %1 = lathe.linear %x, [%w] : tensor<?x8xf32>, [!lathe.weight<4x8xf32>] -> tensor<?x4xf32>, tensor<?x4xf32>
  return
}

// -----

func.func @linear_columns(%x: tensor<?x8xf32>, %w: !lathe.weight<4x6xf32>) {
  // expected-error@+1 {{(C2) '!lathe.weight<4x6xf32>' does not map 'tensor<?x8xf32>' to 'tensor<?x4xf32>'}}
  %0 = lathe.linear %x, [%w] : tensor<?x8xf32>, [!lathe.weight<4x6xf32>] -> tensor<?x4xf32>
  return
}

// -----

func.func @linear_vector(%x: tensor<?x8xf32>, %w: !lathe.weight<8xf32>) {
  // expected-error@+1 {{(C2) '!lathe.weight<8xf32>' does not map}}
  %0 = lathe.linear %x, [%w] : tensor<?x8xf32>, [!lathe.weight<8xf32>] -> tensor<?x1xf32>
  return
}

// -----

func.func @linear_types(%x: tensor<?x8xf32>, %w: !lathe.weight<4x8xf32>, %v: !lathe.weight<4x8xf16>) {
  // expected-error@+1 {{(C3) weights that share x have one type}}
  %0, %1 = lathe.linear %x, [%w, %v] : tensor<?x8xf32>, [!lathe.weight<4x8xf32>, !lathe.weight<4x8xf16>] -> tensor<?x4xf32>, tensor<?x4xf32>
  return
}

// -----

func.func @linear_quantized_result(%x: tensor<?x8xf32>, %w: !lathe.weight<4x8xf32>) {
  // expected-error@+1 {{result #0 must be variadic of tensor of ? rows x features of a float type}}
  %0 = lathe.linear %x, [%w] : tensor<?x8xf32>, [!lathe.weight<4x8xf32>] -> tensor<?x4xi8, #lathe.quantized_rows<4>>
  return
}

// -----

func.func @static_rows(%x: tensor<3x8xf32>) {
  // expected-error@+1 {{operand #0 must be tensor of ? rows x features of a float type}}
  %0 = lathe.activation relu %x : tensor<3x8xf32>
  return
}

// -----

func.func @bias(%x: tensor<?x8xf32>, %b: !lathe.weight<4xf32>) {
  // expected-error@+1 {{(C1) the bias needs 8 entries, got '!lathe.weight<4xf32>'}}
  %0 = lathe.bias %x, %b : tensor<?x8xf32>, !lathe.weight<4xf32>
  return
}

// -----

func.func @convert(%x: tensor<?x8xf32>) {
  // expected-error@+1 {{(C1) the columns differ}}
  %0 = lathe.convert %x : tensor<?x8xf32> -> tensor<?x4xf16>
  return
}

// -----

func.func @rms_norm_scale(%x: tensor<?x8xf32>, %s: !lathe.weight<8x8xf32>) {
  // expected-error@+1 {{(C1) the scale needs 8 entries, got '!lathe.weight<8x8xf32>'}}
  %0 = lathe.rms_norm %x, %s epsilon 1.0e-5 : tensor<?x8xf32>, !lathe.weight<8x8xf32>
  return
}

// -----

func.func @rms_norm_epsilon(%x: tensor<?x8xf32>, %s: !lathe.weight<8xf32>) {
  // expected-error@+1 {{(C2) epsilon must be positive}}
  %0 = lathe.rms_norm %x, %s epsilon 0.0 : tensor<?x8xf32>, !lathe.weight<8xf32>
  return
}

// -----

func.func @layer_norm_bias(%x: tensor<?x8xf32>, %s: !lathe.weight<8xf32>, %b: !lathe.weight<7xf32>) {
  // expected-error@+1 {{(C1) the bias needs 8 entries, got '!lathe.weight<7xf32>'}}
  %0 = lathe.layer_norm %x, %s, %b epsilon 1.0e-5 : tensor<?x8xf32>, !lathe.weight<8xf32>, !lathe.weight<7xf32>
  return
}

// -----

func.func @layer_norm_epsilon(%x: tensor<?x8xf32>, %s: !lathe.weight<8xf32>) {
  // expected-error@+1 {{(C2) epsilon must be positive}}
  %0 = lathe.layer_norm %x, %s, %s epsilon -1.0 : tensor<?x8xf32>, !lathe.weight<8xf32>, !lathe.weight<8xf32>
  return
}

// -----

func.func @quantize_rows_columns(%x: tensor<?x8xf32>) {
  // expected-error@+1 {{(C1) the columns differ}}
  %0 = lathe.quantize_rows %x : tensor<?x8xf32> -> tensor<?x4xi8, #lathe.quantized_rows<4>>
  return
}

// -----

func.func @quantize_rows_type(%x: tensor<?x8xf32>) {
  // expected-error@+1 {{(C2) the result is i8 with a quantized_rows encoding}}
  %0 = lathe.quantize_rows %x : tensor<?x8xf32> -> tensor<?x8xi4, #lathe.quantized_rows<4>>
  return
}

// -----

func.func @split_types(%x: tensor<?x8xf32>) {
  // expected-error@+1 {{(C1) element types differ: 'tensor<?x8xf32>', 'tensor<?x4xf16>'}}
  %0, %1 = lathe.split %x : tensor<?x8xf32> -> tensor<?x4xf16>, tensor<?x4xf32>
  return
}

// -----

func.func @split_columns(%x: tensor<?x8xf32>) {
  // expected-error@+1 {{(C2) parts add up to 7 columns, the input has 8}}
  %0, %1 = lathe.split %x : tensor<?x8xf32> -> tensor<?x4xf32>, tensor<?x3xf32>
  return
}

// -----

func.func @rope_table(%p: tensor<?xi32>) {
  // expected-error@+1 {{(C1) 2 frequencies give an f32 table of 4 columns, not 'tensor<?x2xf32>'}}
  %0 = lathe.rope_table %p {frequencies = array<f32: 1.0, 0.1>} : tensor<?xi32> -> tensor<?x2xf32>
  return
}

// -----

func.func @rope_heads(%x: tensor<?x8xf32>, %t: tensor<?x4xf32>) {
  // expected-error@+1 {{(C1) 8 columns are not 4 heads of at least 4}}
  %0 = lathe.rope %x, %t heads 4 : tensor<?x8xf32>, tensor<?x4xf32>
  return
}

// -----

func.func @rope_no_heads(%x: tensor<?x8xf32>, %t: tensor<?x4xf32>) {
  // expected-error@+1 {{(C1) 8 columns are not 0 heads of at least 4}}
  %0 = lathe.rope %x, %t heads 0 : tensor<?x8xf32>, tensor<?x4xf32>
  return
}

// -----

func.func @no_state(%k: tensor<?x8xf32>, %batch: !lathe.batch) {
  // expected-error@+1 {{refers to @kv, which no lathe.state declares}}
  lathe.cache_write %k, %k, %batch into @kv : tensor<?x8xf32>, tensor<?x8xf32>
  return
}

// -----

lathe.state @kv : !lathe.state<fixed 8xf32>
func.func @cache_write_state(%k: tensor<?x8xf32>, %batch: !lathe.batch) {
  // expected-error@+1 {{(C1) state @kv is '!lathe.state<fixed 8xf32>', but keys and values have 8 columns}}
  lathe.cache_write %k, %k, %batch into @kv : tensor<?x8xf32>, tensor<?x8xf32>
  return
}

// -----

lathe.state @kv : !lathe.state<growing 2x2x4xf32>
func.func @cache_write_types(%k: tensor<?x8xf32>, %v: tensor<?x4xf32>, %batch: !lathe.batch) {
  // expected-error@+1 {{(C2) keys and values have different types}}
  lathe.cache_write %k, %v, %batch into @kv : tensor<?x8xf32>, tensor<?x4xf32>
  return
}

// -----

func.func @attention_neither(%q: tensor<?x8xf32>, %batch: !lathe.batch) {
  // expected-error@+1 {{(C1) needs either a state or keys and values}}
  %0 = lathe.attention %q, %batch heads 2 over 2 scale 1.0 : tensor<?x8xf32> -> tensor<?x8xf32>
  return
}

// -----

lathe.state @kv : !lathe.state<growing 2x2x4xf32>
func.func @attention_not_causal(%q: tensor<?x8xf32>, %batch: !lathe.batch) {
  // expected-error@+1 {{(C1) attention over a state is causal}}
  %0 = lathe.attention %q, %batch from @kv heads 2 over 2 scale 1.0 : tensor<?x8xf32> -> tensor<?x8xf32>
  return
}

// -----

func.func @attention_heads(%q: tensor<?x8xf32>, %batch: !lathe.batch) {
  // expected-error@+1 {{(C2) 8 columns in 4 heads over 3}}
  %0 = lathe.attention %q keys %q values %q, %batch heads 4 over 3 scale 1.0 : tensor<?x8xf32>, tensor<?x8xf32>, tensor<?x8xf32> -> tensor<?x8xf32>
  return
}

// -----

func.func @attention_keys(%q: tensor<?x8xf32>, %batch: !lathe.batch) {
  // expected-error@+1 {{(C3) keys and values need 4 columns}}
  %0 = lathe.attention %q keys %q values %q, %batch heads 4 over 2 scale 1.0 : tensor<?x8xf32>, tensor<?x8xf32>, tensor<?x8xf32> -> tensor<?x8xf32>
  return
}

// -----

lathe.state @kv : !lathe.state<growing 2x4x2xf32>
func.func @attention_state(%q: tensor<?x8xf32>, %batch: !lathe.batch) {
  // expected-error@+1 {{(C3) state @kv is '!lathe.state<growing 2x4x2xf32>', but keys and values have 4 columns}}
  %0 = lathe.attention %q, %batch from @kv heads 4 over 2 scale 1.0 causal : tensor<?x8xf32> -> tensor<?x8xf32>
  return
}

// -----

func.func @attention_result(%q: tensor<?x8xf32>, %batch: !lathe.batch) {
  // expected-error@+1 {{(C4) result and query have different types}}
  %0 = lathe.attention %q keys %q values %q, %batch heads 2 over 2 scale 1.0 : tensor<?x8xf32>, tensor<?x8xf32>, tensor<?x8xf32> -> tensor<?x8xbf16>
  return
}

// -----

lathe.state @s : !lathe.state<fixed 4xf32>
func.func @decay_scan(%x: tensor<?x8xf32>, %batch: !lathe.batch) {
  // expected-error@+1 {{(C1) needs a fixed f32 state of 8 columns, got '!lathe.state<fixed 4xf32>'}}
  %0 = lathe.decay_scan %x, %x, %batch in @s : tensor<?x8xf32>
  return
}

// -----

func.func @dispatch_results(%x: tensor<?x8xf32>) {
  // expected-error@+1 {{(C2) yielded values and results have different types}}
  %0 = lathe.dispatch (%a = %x : tensor<?x8xf32>) -> tensor<?x4xf32> {
    lathe.yield %a : tensor<?x8xf32>
  }
  return
}

// -----

func.func @dispatch_end(%x: tensor<?x8xf32>) {
  // expected-error@+1 {{ends in lathe.yield}}
  lathe.dispatch (%a = %x : tensor<?x8xf32>) {
    %1 = lathe.add %a, %a : tensor<?x8xf32>
  }
  return
}

// -----

func.func @dispatch_roots(%x: tensor<?x8xf32>, %w: !lathe.weight<8x8xf32>) {
  %0 = lathe.dispatch (%a = %x : tensor<?x8xf32>, %b = %w : !lathe.weight<8x8xf32>) -> tensor<?x8xf32> {
    %1 = lathe.linear %a, [%b] : tensor<?x8xf32>, [!lathe.weight<8x8xf32>] -> tensor<?x8xf32>
    // expected-error@+1 {{(C3) is a second root in one dispatch; the first is lathe.linear}}
    %2 = lathe.linear %1, [%b] : tensor<?x8xf32>, [!lathe.weight<8x8xf32>] -> tensor<?x8xf32>
    lathe.yield %2 : tensor<?x8xf32>
  }
  return
}

// -----

func.func @dispatch_stranger() {
  lathe.dispatch () {
    // expected-error@+1 {{(C3) can't stand in a dispatch}}
    %w = lathe.param "w" from "model" : !lathe.weight<8x8xf32>
    lathe.yield
  }
  return
}

// -----

func.func @dispatch_isolated(%x: tensor<?x8xf32>) {
  // expected-note@+1 {{required by region isolation constraints}}
  %0 = lathe.dispatch () -> tensor<?x8xf32> {
    // expected-error@+1 {{using value defined outside the region}}
    %1 = lathe.add %x, %x : tensor<?x8xf32>
    lathe.yield %1 : tensor<?x8xf32>
  }
  return
}

// -----

func.func @dispatch_arguments(%x: tensor<?x8xf32>) {
  // expected-error@+1 {{(C1) block arguments and operands have different types}}
  "lathe.dispatch"(%x) ({
  ^bb0(%a: tensor<?x4xf32>):
    "lathe.yield"() : () -> ()
  }) : (tensor<?x8xf32>) -> ()
  return
}

// -----

func.func @top_logits_count(%x: tensor<?x8xf32>, %batch: !lathe.batch) {
  // expected-error@+1 {{(C1) finds at least one token, and no more than 2^24}}
  %0 = lathe.top_logits %x, %batch count 0 : tensor<?x8xf32> -> tensor<?x3xf32>
  return
}

// -----

func.func @top_logits_type(%x: tensor<?x8xbf16>, %batch: !lathe.batch) {
  // expected-error@+1 {{(C2) takes f32 logits of at most 2^24 tokens, not 'tensor<?x8xbf16>'}}
  %0 = lathe.top_logits %x, %batch count 2 : tensor<?x8xbf16> -> tensor<?x7xf32>
  return
}

// -----

func.func @top_logits_columns(%x: tensor<?x16777217xf32>, %batch: !lathe.batch) {
  // expected-error@+1 {{(C2) takes f32 logits of at most 2^24 tokens}}
  %0 = lathe.top_logits %x, %batch count 2 : tensor<?x16777217xf32> -> tensor<?x7xf32>
  return
}

// -----

func.func @top_logits_result(%x: tensor<?x8xf32>, %batch: !lathe.batch) {
  // expected-error@+1 {{(C3) 2 tokens take f32 rows of 7 columns, not 'tensor<?x8xf32>'}}
  %0 = lathe.top_logits %x, %batch count 2 : tensor<?x8xf32> -> tensor<?x8xf32>
  return
}

// The model-level ops: what a transformer computes. M = rows of the call (dynamic), K and N = features.
#ifndef LATHE_OPS_TD
#define LATHE_OPS_TD

include "Lathe/LatheTypes.td"
include "Lathe/LatheInterfaces.td"
include "Lathe/LatheWeightOps.td"
include "mlir/Interfaces/ControlFlowInterfaces.td"

def Lathe_StateResource : Resource<"::lathe::StateResource">;

class Lathe_PureOp<string mnemonic, list<Trait> traits = []> : Lathe_Op<mnemonic, !listconcat([Pure], traits)>;
class Lathe_FusableOp<string mnemonic, list<string> methods, list<Trait> traits = []>
    : Lathe_PureOp<mnemonic, !listconcat(
        [DeclareOpInterfaceMethods<Lathe_FusableOpInterface, !listconcat(["getLocality", "emitElement"], methods)>], traits)>;

//===------------------------------------------------------------------------------------------------------------===//
// The batch
//===------------------------------------------------------------------------------------------------------------===//

def Lathe_TokensOp : Lathe_PureOp<"tokens"> {
  let summary = "the token id of each row";
  let arguments = (ins Lathe_BatchType:$batch);
  let results = (outs Lathe_RowIndices:$result);
  let assemblyFormat = "$batch attr-dict `:` type($result)";
}

def Lathe_PositionsOp : Lathe_PureOp<"positions"> {
  let summary = "the position of each row in its sequence, from 0";
  let arguments = (ins Lathe_BatchType:$batch);
  let results = (outs Lathe_RowIndices:$result);
  let assemblyFormat = "$batch attr-dict `:` type($result)";
}

def Lathe_SelectOutputsOp : Lathe_PureOp<"select_outputs", [AllTypesMatch<["input", "result"]>]> {
  let summary = "only the rows that want logits, in order";
  let arguments = (ins Lathe_Rows:$input, Lathe_BatchType:$batch);
  let results = (outs Lathe_Rows:$result);
  let assemblyFormat = "$input `,` $batch attr-dict `:` type($input)";
}

def Lathe_PoolOp : Lathe_PureOp<"pool", [AllTypesMatch<["input", "result"]>]> {
  let summary = "one vector a sequence: the mean, first, last or largest of its rows";
  let arguments = (ins Lathe_PoolKind:$kind, Lathe_Rows:$input, Lathe_BatchType:$batch);
  let results = (outs Lathe_Rows:$result);
  let assemblyFormat = "$kind $input `,` $batch attr-dict `:` type($input)";
}

def Lathe_TopLogitsOp : Lathe_PureOp<"top_logits"> {
  let summary = "the likeliest tokens of each row, and the sums that their probabilities need";
  let description = [{
    What a sampler asks of a row of logits x: of the tokens that the row's draw allows, the `count` with the largest
    p[i] = x[i], or for tokens of the draw's history x[i] / penalty where x[i] > 0 and x[i] * penalty elsewhere; the
    largest first, the lower id among equals. Tokens at -infinity are left out. A row of the result holds, as f32,

    | columns | |
    |---|---|
    | [0, count) | ids; -1 behind the last token |
    | [count, 2 count) | x of these tokens; -infinity behind the last one |
    | 2 count | sum of exp((p[i] - max p) / temperature) over the tokens that are allowed; 0 where there are none |
    | 2 count + 1 | max x, over all tokens |
    | 2 count + 2 | sum of exp(x[i] - max x) over all tokens; 0 where some x is NaN or +infinity, or all are -infinity |

    Sums are beside the largest, not logarithms: at a low temperature a logarithm would have no digits left.
    The draws are the batch's, one a row. (C1) count >= 1; (C2) x is f32 and has at most 2^24 columns, so that ids are
    exact; (C3) the result is f32 of 2 count + 3 columns.

    ```mlir
    %top = lathe.top_logits %logits, %batch count 256 : tensor<?x128256xf32> -> tensor<?x515xf32>
    ```
  }];
  let arguments = (ins Lathe_Rows:$logits, Lathe_BatchType:$batch, I64Attr:$count);
  let results = (outs Lathe_Rows:$result);
  let assemblyFormat = "$logits `,` $batch `count` $count attr-dict `:` type($logits) `->` type($result)";
  let hasVerifier = 1;
}

//===------------------------------------------------------------------------------------------------------------===//
// Products with weights
//===------------------------------------------------------------------------------------------------------------===//

def Lathe_EmbeddingOp : Lathe_PureOp<"embedding"> {
  let summary = "y[m, :] = W[ids[m], :]";
  let description = [{(C1) W is a matrix of the result's columns.}];
  let arguments = (ins Lathe_RowIndices:$ids, Lathe_WeightType:$table);
  let results = (outs Lathe_Rows:$result);
  let assemblyFormat = "$ids `,` $table attr-dict `:` type($ids) `,` type($table) `->` type($result)";
  let hasVerifier = 1;
}

def Lathe_LinearOp : Lathe_PureOp<"linear"> {
  let summary = "y_i[M, N] = x[M, K] . W_i[N, K]^T for one or more weights that share x";
  let description = [{
    Several weights of one shape give several results, tile by tile together:
    SwiGLU's gate and up meet that way in one kernel. Quantized rows are
    multiplied as integers where the codes of W are integers: i32 sums per group,
    then fused multiply-adds in ascending order of groups.
    (C1) one result a weight, at least one; (C2) each W is a matrix of x's columns and its result's columns;
    (C3) all weights have the same type; (C4) results are not quantized.

    ```mlir
    %g, %u = lathe.linear %x, [%wg, %wu] : tensor<?x64xf32>, [!lathe.weight<172x64xf32>, ...] -> ...
    ```
  }];
  let arguments = (ins Lathe_AnyRows:$input, Variadic<Lathe_WeightType>:$weights);
  let results = (outs Variadic<Lathe_Rows>:$results);
  let assemblyFormat = "$input `,` `[` $weights `]` attr-dict `:` type($input) `,` `[` type($weights) `]` `->` type($results)";
  let hasVerifier = 1;
}

//===------------------------------------------------------------------------------------------------------------===//
// Element by element
//===------------------------------------------------------------------------------------------------------------===//

def Lathe_AddOp : Lathe_FusableOp<"add", [], [Commutative, SameOperandsAndResultType]> {
  let summary = "x + y";
  let arguments = (ins Lathe_Rows:$lhs, Lathe_Rows:$rhs);
  let results = (outs Lathe_Rows:$result);
  let assemblyFormat = "$lhs `,` $rhs attr-dict `:` type($result)";
}

def Lathe_MulOp : Lathe_FusableOp<"mul", [], [Commutative, SameOperandsAndResultType]> {
  let summary = "x * y";
  let arguments = (ins Lathe_Rows:$lhs, Lathe_Rows:$rhs);
  let results = (outs Lathe_Rows:$result);
  let assemblyFormat = "$lhs `,` $rhs attr-dict `:` type($result)";
}

def Lathe_ScaleOp : Lathe_FusableOp<"scale", [], [SameOperandsAndResultType]> {
  let summary = "x * factor";
  let arguments = (ins Lathe_Rows:$input, F32Attr:$factor);
  let results = (outs Lathe_Rows:$result);
  let assemblyFormat = "$input `by` $factor attr-dict `:` type($result)";
  let hasFolder = 1;
}

def Lathe_BiasOp : Lathe_FusableOp<"bias", [], [AllTypesMatch<["input", "result"]>]> {
  let summary = "x[m, n] + b[n]";
  let description = [{(C1) b is a vector of x's columns.}];
  let arguments = (ins Lathe_Rows:$input, Lathe_WeightType:$bias);
  let results = (outs Lathe_Rows:$result);
  let assemblyFormat = "$input `,` $bias attr-dict `:` type($input) `,` type($bias)";
  let hasVerifier = 1;
}

def Lathe_ActivationOp : Lathe_FusableOp<"activation", [], [SameOperandsAndResultType]> {
  let summary = "a pointwise function: silu, gelu, gelu_tanh, relu, tanh, sigmoid";
  let arguments = (ins Lathe_ActivationKind:$kind, Lathe_Rows:$input);
  let results = (outs Lathe_Rows:$result);
  let assemblyFormat = "$kind $input attr-dict `:` type($result)";
}

def Lathe_ConvertOp : Lathe_FusableOp<"convert", []> {
  let summary = "another float type, rounded to nearest even";
  let description = [{(C1) the columns agree.}];
  let arguments = (ins Lathe_Rows:$input);
  let results = (outs Lathe_Rows:$result);
  let assemblyFormat = "$input attr-dict `:` type($input) `->` type($result)";
  let hasVerifier = 1;
  let hasFolder = 1;
}

//===------------------------------------------------------------------------------------------------------------===//
// Row by row
//===------------------------------------------------------------------------------------------------------------===//

def Lathe_RMSNormOp : Lathe_FusableOp<"rms_norm", ["getNumReductions", "emitSummand", "emitScalar"],
                                      [AllTypesMatch<["input", "result"]>]> {
  let summary = "x / sqrt(mean(x^2) + epsilon) * scale (Zhang and Sennrich 2019)";
  let description = [{
    Without a scale (see `lathe-fold-norm-scale`) it is 1.
    (C1) the scale is a vector of x's columns; (C2) epsilon > 0.
  }];
  let arguments = (ins Lathe_Rows:$input, Optional<Lathe_WeightType>:$scale, F32Attr:$epsilon);
  let results = (outs Lathe_Rows:$result);
  let assemblyFormat = [{
    $input (`,` $scale^)? `epsilon` $epsilon attr-dict `:` type($input) (`,` type($scale)^)?
  }];
  let hasVerifier = 1;
}

def Lathe_LayerNormOp : Lathe_FusableOp<"layer_norm", ["getNumReductions", "emitSummand", "emitScalar"],
                                        [AllTypesMatch<["input", "result"]>]> {
  let summary = "(x - mean) / sqrt(variance + epsilon) * scale + bias (Ba et al. 2016)";
  let description = [{(C1) scale and bias are vectors of x's columns; (C2) epsilon > 0.}];
  let arguments = (ins Lathe_Rows:$input, Lathe_WeightType:$scale, Lathe_WeightType:$bias, F32Attr:$epsilon);
  let results = (outs Lathe_Rows:$result);
  let assemblyFormat = [{
    $input `,` $scale `,` $bias `epsilon` $epsilon attr-dict `:` type($input) `,` type($scale) `,` type($bias)
  }];
  let hasVerifier = 1;
}

def Lathe_L2NormalizeOp : Lathe_FusableOp<"l2_normalize", ["getNumReductions", "emitSummand", "emitScalar"],
                                          [AllTypesMatch<["input", "result"]>]> {
  let summary = "x / max(|x|, epsilon): an embedding of unit length";
  let arguments = (ins Lathe_Rows:$input, F32Attr:$epsilon);
  let results = (outs Lathe_Rows:$result);
  let assemblyFormat = "$input `epsilon` $epsilon attr-dict `:` type($input)";
}

def Lathe_QuantizeRowsOp : Lathe_PureOp<"quantize_rows"> {
  let summary = "dynamic int8 quantization of activations, per row and group of columns";
  let description = [{
    See `#lathe.quantized_rows`. Numerics belong to the artifact: the interpreter
    and every device compute this same rounding.
    (C1) the columns agree; (C2) the result is i8 with a quantized_rows encoding.
  }];
  let arguments = (ins Lathe_Rows:$input);
  let results = (outs Lathe_QuantizedRows:$result);
  let assemblyFormat = "$input attr-dict `:` type($input) `->` type($result)";
  let hasVerifier = 1;
}

def Lathe_SplitOp : Lathe_PureOp<"split"> {
  let summary = "columns cut into consecutive parts; a view, nothing moves";
  let description = [{(C1) element types agree; (C2) the parts' columns add up to the input's.}];
  let arguments = (ins Lathe_Rows:$input);
  let results = (outs Variadic<Lathe_Rows>:$parts);
  let assemblyFormat = "$input attr-dict `:` type($input) `->` type($parts)";
  let hasVerifier = 1;
}

//===------------------------------------------------------------------------------------------------------------===//
// Sequences
//===------------------------------------------------------------------------------------------------------------===//

def Lathe_StateDeclOp : Lathe_Op<"state", [Symbol]> {
  let summary = "a state that every sequence owns";
  let description = [{
    ```mlir
    lathe.state @kv0 : !lathe.state<growing 2x4x64xbf16>
    ```
  }];
  let arguments = (ins SymbolNameAttr:$sym_name, TypeAttrOf<Lathe_StateType>:$type);
  let assemblyFormat = "$sym_name attr-dict `:` $type";
}

def Lathe_RopeTableOp : Lathe_PureOp<"rope_table"> {
  let summary = "cosines and sines of position x frequency";
  let description = [{
    table[m, j] = factor * cos(position[m] * frequencies[j]),
    table[m, d/2 + j] = factor * sin(position[m] * frequencies[j]) for j < d/2, in f32. The
    frequencies carry any scaling of RoPE (linear, llama3 ...); import computes them.
    (C1) the result has twice as many columns as there are frequencies, and is f32.
  }];
  let arguments = (ins Lathe_RowIndices:$positions, DenseF32ArrayAttr:$frequencies,
                       DefaultValuedAttr<F32Attr, "1.0">:$factor);
  let results = (outs Lathe_Rows:$result);
  let assemblyFormat = "$positions attr-dict `:` type($positions) `->` type($result)";
  let hasVerifier = 1;
}

def Lathe_RopeOp : Lathe_FusableOp<"rope", [], [AllTypesMatch<["input", "result"]>]> {
  let summary = "rotary position embedding of every head (Su et al. 2021)";
  let description = [{
    Within each head of D columns, column j < d/2 and its partner j + d/2 turn by the angle of
    the table's row: y[j] = x[j] cos[j] - x[j + d/2] sin[j], y[j + d/2] = x[j + d/2] cos[j] + x[j] sin[j],
    where d is the table's columns; columns from d on pass through. (The half-split form of
    Hugging Face checkpoints.) `emitElement` takes (x, partner, cos, sin with the sign of the half).
    (C1) x's columns are heads * D with D >= d.
  }];
  let arguments = (ins Lathe_Rows:$input, Lathe_Rows:$table, I64Attr:$heads);
  let results = (outs Lathe_Rows:$result);
  let assemblyFormat = "$input `,` $table `heads` $heads attr-dict `:` type($input) `,` type($table)";
  let hasVerifier = 1;
}

def Lathe_CacheWriteOp : Lathe_Op<"cache_write", [MemoryEffects<[MemWrite<Lathe_StateResource>]>,
                                                  DeclareOpInterfaceMethods<SymbolUserOpInterface>]> {
  let summary = "keys and values of each row, stored at its position";
  let description = [{
    (C1) the state is growing, 2 x kv_heads x D; (C2) k and v have kv_heads * D columns. Values are
    rounded to the state's element type.
  }];
  let arguments = (ins Lathe_Rows:$keys, Lathe_Rows:$values, Lathe_BatchType:$batch, FlatSymbolRefAttr:$state);
  let assemblyFormat = "$keys `,` $values `,` $batch `into` $state attr-dict `:` type($keys) `,` type($values)";
}

def Lathe_AttentionOp : Lathe_Op<"attention", [MemoryEffects<[MemRead<Lathe_StateResource>]>, AttrSizedOperandSegments,
                                               DeclareOpInterfaceMethods<SymbolUserOpInterface>]> {
  let summary = "softmax(scale * q k^T) v, head by head, within each sequence";
  let description = [{
    With a state: causal, over all positions of the row's slot up to the row's own, which a
    `cache_write` before it has stored. With keys and values: over the rows of the same sequence in this
    batch, all of them (encoders) or, with `causal`, those up to the row. Grouped queries: query head h
    reads KV head h / (heads / kv_heads). (Vaswani et al. 2017; Ainslie et al. 2023.)
    (C1) either a state or keys and values; (C2) heads is a multiple of kv_heads and divides q's columns;
    (C3) the state is growing, 2 x kv_heads x D, or keys and values have kv_heads * D columns, with D = q's columns / heads;
    (C4) result and q are of one type.
  }];
  let arguments = (ins Lathe_Rows:$query, Optional<Lathe_Rows>:$keys, Optional<Lathe_Rows>:$values,
                       Lathe_BatchType:$batch, OptionalAttr<FlatSymbolRefAttr>:$state,
                       I64Attr:$heads, I64Attr:$kv_heads, F32Attr:$scale, UnitAttr:$causal);
  let results = (outs Lathe_Rows:$result);
  let assemblyFormat = [{
    $query (`keys` $keys^ `values` $values)? `,` $batch (`from` $state^)? `heads` $heads `over` $kv_heads `scale` $scale
    (`causal` $causal^)? attr-dict `:` type($query) (`,` type($keys)^ `,` type($values))? `->` type($result)
  }];
  let hasVerifier = 1;
}

def Lathe_DecayScanOp : Lathe_Op<"decay_scan", [MemoryEffects<[MemRead<Lathe_StateResource>, MemWrite<Lathe_StateResource>]>,
                                                AllTypesMatch<["input", "gate", "result"]>,
                                                DeclareOpInterfaceMethods<SymbolUserOpInterface>]> {
  let summary = "s <- sigmoid(gate) * s + x, row after row; the result is s";
  let description = [{
    The simplest gated linear recurrence, with a state of fixed size.
    (C1) the state is fixed, f32, of x's columns.
  }];
  let arguments = (ins Lathe_Rows:$input, Lathe_Rows:$gate, Lathe_BatchType:$batch, FlatSymbolRefAttr:$state);
  let results = (outs Lathe_Rows:$result);
  let assemblyFormat = "$input `,` $gate `,` $batch `in` $state attr-dict `:` type($input)";
}

//===------------------------------------------------------------------------------------------------------------===//
// Dispatches
//===------------------------------------------------------------------------------------------------------------===//

def Lathe_DispatchOp : Lathe_Op<"dispatch", [IsolatedFromAbove, SingleBlock, RecursiveMemoryEffects]> {
  let summary = "ops that one kernel computes";
  let description = [{
    Isolated from above, with explicit operands (rows, weights, the batch): otherwise CSE and
    canonicalization would undo the fusion. The block's arguments stand for the operands, `lathe.yield` gives
    the results.
    (C1) block arguments and operands have the same types; (C2) yielded values and results have the same types;
    (C3) at most one root: linear, attention, embedding, pool, decay_scan, rope_table, top_logits; every other op is fusable,
    or select_outputs, quantize_rows, split, cache_write, tokens or positions.

    ```mlir
    %y = lathe.dispatch (%a = %x : tensor<?x64xf32>, %b = %w : !lathe.weight<64x64xf32>) -> tensor<?x64xf32> {
      %0 = lathe.linear %a, [%b] : ...
      lathe.yield %0 : tensor<?x64xf32>
    }
    ```
  }];
  let arguments = (ins Variadic<AnyType>:$inputs);
  let results = (outs Variadic<AnyType>:$results);
  let regions = (region SizedRegion<1>:$body);
  let hasCustomAssemblyFormat = 1;
  let hasVerifier = 1;
}

def Lathe_YieldOp : Lathe_Op<"yield", [Pure, Terminator, ReturnLike]> {
  let summary = "the results of a dispatch, a kernel or a stored weight";
  let arguments = (ins Variadic<AnyType>:$values);
  let assemblyFormat = "attr-dict ($values^ `:` type($values))?";
  let builders = [OpBuilder<(ins), "build($_builder, $_state, ::mlir::ValueRange());">];
}

#endif

// Weight expressions. Each op means a dense f32 matrix; lib/Weights evaluates them in row panels.
#ifndef LATHE_WEIGHT_OPS_TD
#define LATHE_WEIGHT_OPS_TD

include "Lathe/LatheTypes.td"
include "mlir/Interfaces/SideEffectInterfaces.td"
include "mlir/Interfaces/InferTypeOpInterface.td"
include "mlir/IR/OpAsmInterface.td"
include "mlir/IR/SymbolInterfaces.td"

class Lathe_Op<string mnemonic, list<Trait> traits = []> : Op<Lathe_Dialect, mnemonic, traits>;
class Lathe_WeightOp<string mnemonic, list<Trait> traits = []> : Lathe_Op<mnemonic, !listconcat([Pure], traits)>;

def Lathe_ParamOp : Lathe_WeightOp<"param", [DeclareOpInterfaceMethods<OpAsmOpInterface, ["getAsmResultNames"]>]> {
  let summary = "a tensor of the checkpoint";
  let description = [{
    Names a tensor by scope and key; one table (lib/Weights) resolves it to file,
    offset and type. The encoding of the result is how the checkpoint stores it.

    ```mlir
    %w = lathe.param "model.layers.0.self_attn.q_proj.weight" from "model" : !lathe.weight<64x64xbf16>
    ```
  }];
  let arguments = (ins StrAttr:$scope, StrAttr:$key);
  let results = (outs Lathe_WeightType:$result);
  let assemblyFormat = "$key `from` $scope attr-dict `:` type($result)";
}

def Lathe_ConcatOp : Lathe_WeightOp<"concat"> {
  let summary = "matrices of equal columns on top of each other, or vectors end to end";
  let description = [{
    (C1) all operands and the result have the same columns (matrices) or are vectors;
    (C2) the result's rows (its length) are the sum of the operands';
    (C3) all encodings are the same and plain.
  }];
  let arguments = (ins Variadic<Lathe_WeightType>:$parts);
  let results = (outs Lathe_WeightType:$result);
  let assemblyFormat = "$parts attr-dict `:` type($parts) `->` type($result)";
  let hasVerifier = 1;
  let hasFolder = 1;
}

def Lathe_TransposeOp : Lathe_WeightOp<"transpose"> {
  let summary = "W^T; GPT-2 stores its matrices as K x N";
  let description = [{(C1) a matrix; (C2) the result's shape is the operand's reversed; (C3) encodings are the same and plain.}];
  let arguments = (ins Lathe_WeightType:$weight);
  let results = (outs Lathe_WeightType:$result);
  let assemblyFormat = "$weight attr-dict `:` type($weight) `->` type($result)";
  let hasVerifier = 1;
  let hasFolder = 1;
}

def Lathe_RowsOp : Lathe_WeightOp<"rows"> {
  let summary = "rows [first, first + n) of a matrix, or that range of a vector";
  let description = [{
    One row of a matrix may also be taken as a vector.
    (C1) the range lies within the operand; (C2) the columns agree; (C3) encodings are the same and plain.

    ```mlir
    %type0 = lathe.rows %types from 0 : !lathe.weight<2x48xf32> -> !lathe.weight<48xf32>
    ```
  }];
  let arguments = (ins Lathe_WeightType:$weight, I64Attr:$first);
  let results = (outs Lathe_WeightType:$result);
  let assemblyFormat = "$weight `from` $first attr-dict `:` type($weight) `->` type($result)";
  let hasVerifier = 1;
}

def Lathe_ScaleColumnsOp : Lathe_WeightOp<"scale_columns"> {
  let summary = "W[n, k] * scale[k]: a norm's scale folded into the matrix behind it";
  let description = [{(C1) the scale is a vector of W's columns; (C2) the result is plain f32 of W's shape.}];
  let arguments = (ins Lathe_WeightType:$weight, Lathe_WeightType:$scale);
  let results = (outs Lathe_WeightType:$result);
  let assemblyFormat = "$weight `by` $scale attr-dict `:` type($weight) `,` type($scale) `->` type($result)";
  let hasVerifier = 1;
}

def Lathe_QuantizeOp : Lathe_WeightOp<"quantize"> {
  let summary = "round to nearest in another encoding";
  let description = [{
    Symmetric where the encoding has no offset (scale from the largest
    magnitude), affine where it has one (scale and offset from minimum and
    maximum). `clip = mse` searches the range of each block for the least squared
    error on the weights alone. Nested scales and offsets are quantized in turn.
    A float encoding without a scale just rounds.
    (C1) shapes and panels agree; (C2) the operand is plain.

    ```mlir
    %q = lathe.quantize mse %w : !lathe.weight<64x64xf32> -> !lathe.weight<64x64x<si4, block 1x64, scale <f16>>>
    ```
  }];
  let arguments = (ins Lathe_WeightType:$weight, DefaultValuedAttr<Lathe_ClipKind, "ClipKind::None">:$clip);
  let results = (outs Lathe_WeightType:$result);
  let assemblyFormat = "$clip $weight attr-dict `:` type($weight) `->` type($result)";
  let hasVerifier = 1;
  let hasFolder = 1;
}

def Lathe_PruneOp : Lathe_WeightOp<"prune", [AllTypesMatch<["weight", "result"]>]> {
  let summary = "the smallest magnitudes set to zero";
  let description = [{
    Either `share` in [0, 1) of the elements (the smallest; ties by position) or
    every element of magnitude below `threshold`.
    (C1) exactly one of the two; (C2) result and operand are of one type, plain.
  }];
  let arguments = (ins Lathe_WeightType:$weight, OptionalAttr<F64Attr>:$share, OptionalAttr<F64Attr>:$threshold);
  let results = (outs Lathe_WeightType:$result);
  let assemblyFormat = "$weight (`share` $share^)? (`threshold` $threshold^)? attr-dict `:` type($weight)";
  let hasVerifier = 1;
}

def Lathe_LowRankOp : Lathe_WeightOp<"low_rank"> {
  let summary = "the best factors of a rank: W ~ L * R by truncated SVD";
  let description = [{
    L = U sqrt(S) is N x r, R = sqrt(S) V^T is r x K (Eckart-Young).
    (C1) L's columns equal R's rows, the rank, at most min(N, K); (C2) both are plain f32; (C3) the operand is plain.
  }];
  let arguments = (ins Lathe_WeightType:$weight);
  let results = (outs Lathe_WeightType:$left, Lathe_WeightType:$right);
  let assemblyFormat = "$weight attr-dict `:` type($weight) `->` type($left) `,` type($right)";
  let hasVerifier = 1;
}

def Lathe_DifferenceOp : Lathe_WeightOp<"difference"> {
  let summary = "A - B: what a compressed weight lost, for a low-rank correction";
  let description = [{(C1) the shapes agree and no operand is packed; (C2) the result is plain f32.}];
  let arguments = (ins Lathe_WeightType:$left, Lathe_WeightType:$right);
  let results = (outs Lathe_WeightType:$result);
  let assemblyFormat = "$left `,` $right attr-dict `:` type($left) `,` type($right) `->` type($result)";
  let hasVerifier = 1;
}

def Lathe_PackOp : Lathe_WeightOp<"pack"> {
  let summary = "the layout that kernels read: panels of rows, columns in fours";
  let description = [{
    The same matrix in the one packed layout of its encoding (lib/Weights/README.md).
    (C1) shape and encoding agree; (C2) the operand's panel is 0, the result's is not; (C3) a matrix.
  }];
  let arguments = (ins Lathe_WeightType:$weight);
  let results = (outs Lathe_WeightType:$result);
  let assemblyFormat = "$weight attr-dict `:` type($weight) `->` type($result)";
  let hasVerifier = 1;
}

#endif

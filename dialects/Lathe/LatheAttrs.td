#ifndef LATHE_ATTRS_TD
#define LATHE_ATTRS_TD

include "Lathe/LatheDialect.td"
include "mlir/IR/AttrTypeBase.td"
include "mlir/IR/EnumAttr.td"

class Lathe_Attr<string name, string mnemonic_, list<Trait> traits = []> : AttrDef<Lathe_Dialect, name, traits> {
  let mnemonic = mnemonic_;
}

def Lathe_EncodingAttr : Lathe_Attr<"Encoding", "encoding"> {
  let summary = "How a dense f32 matrix is stored";
  let description = [{
    A matrix W[N, K] is stored as a plane of codes and, optionally, a matrix of
    scales and one of offsets, which are stored the same way, one level down:

        W[n, k] = scale[n / r, k / c] * value(code[n, k]) + offset[n / r, k / c]

    `codes` is the element type of the code plane: an integer with a sign
    (`si2`..`si8`, `ui1`..`ui8`), a float (`f32`, `f16`, `bf16`, `f8E4M3FN`,
    `f4E2M1FN`, `f8E8M0FNU` ...). `value` is the number itself or, with `table`,
    the table's entry at that (unsigned) code. `block` = r x c is the block of
    elements that shares a scale; 0 stands for the whole dimension. A missing
    scale is 1, a missing offset 0. `bitmap` says that codes of value zero are
    left out and a bit per element tells where they stand.

    Examples:

        <f32>                                                   as in a checkpoint
        <si8, block 1x0, scale <f32>>                           int8 per channel
        <si4, block 1x64, scale <f16>>                          int4, groups of 64
        <ui4, block 1x32, scale <ui6, block 1x8, scale <f16>>,
                          offset <ui6, block 1x8, scale <f16>>>  Q4_K of llama.cpp
        <f4E2M1FN, block 1x32, scale <f8E8M0FNU>>               MXFP4 (OCP Microscaling 1.0)
  }];
  let parameters = (ins
    "::mlir::Type":$codes,
    "::mlir::DenseF32ArrayAttr":$values,
    ArrayRefParameter<"int64_t">:$block,
    "::lathe::EncodingAttr":$scale,
    "::lathe::EncodingAttr":$offset,
    "bool":$bitmap
  );
  let builders = [AttrBuilderWithInferredContext<(ins "::mlir::Type":$codes), [{
    return $_get(codes.getContext(), codes, ::mlir::DenseF32ArrayAttr(), ::llvm::ArrayRef<int64_t>{},
                 ::lathe::EncodingAttr(), ::lathe::EncodingAttr(), false);
  }]>];
  let skipDefaultBuilders = 0;
  let hasCustomAssemblyFormat = 1;
  let genVerifyDecl = 1;
  let extraClassDeclaration = [{
    /// The number of each code; empty where the code is the number itself.
    ::llvm::ArrayRef<float> getTable() const { return getValues() ? getValues().asArrayRef() : ::llvm::ArrayRef<float>(); }
    /// A float code and nothing else: the matrix as checkpoints store it.
    bool isPlain() const;
    /// Whether the codes are integers without a table (an integer kernel can multiply them).
    bool hasIntegerCodes() const;
    /// Bits of one code.
    unsigned getCodeBits() const;
    /// Rows and columns of a block in a matrix of that shape (0 resolved to the whole dimension).
    ::std::pair<int64_t, int64_t> getBlockShape(int64_t rows, int64_t columns) const;
    /// Bits per weight of a matrix of that shape, scales and offsets included, padding left out.
    double getBitsPerWeight(int64_t rows, int64_t columns) const;
  }];
}

def Lathe_QuantizedRowsAttr : Lathe_Attr<"QuantizedRows", "quantized_rows"> {
  let summary = "Encoding of an activation tensor that was quantized dynamically";
  let description = [{
    On a `tensor<?xKxi8, #lathe.quantized_rows<g>>`: each row is cut into groups
    of g columns (the last may be shorter); x[m, k] = scale[m, k / g] * code[m, k]
    with scale = max|x| / 127 over the group and codes rounded to nearest even.
  }];
  let parameters = (ins "int64_t":$group);
  let assemblyFormat = "`<` $group `>`";
  let genVerifyDecl = 1;
}

def Lathe_ActivationKind : I32EnumAttr<"ActivationKind", "a pointwise function", [
    I32EnumAttrCase<"SiLU", 0, "silu">,        // x * sigmoid(x)
    I32EnumAttrCase<"GELU", 1, "gelu">,        // x * Phi(x), with erf
    I32EnumAttrCase<"GELUTanh", 2, "gelu_tanh">, // its tanh approximation (GPT-2's gelu_new)
    I32EnumAttrCase<"ReLU", 3, "relu">,
    I32EnumAttrCase<"Tanh", 4, "tanh">,
    I32EnumAttrCase<"Sigmoid", 5, "sigmoid">,
  ]> {
  let cppNamespace = "::lathe";
}

def Lathe_PoolKind : I32EnumAttr<"PoolKind", "how the rows of a sequence become one vector", [
    I32EnumAttrCase<"Mean", 0, "mean">,
    I32EnumAttrCase<"First", 1, "first">,      // [CLS]
    I32EnumAttrCase<"Last", 2, "last">,
    I32EnumAttrCase<"Max", 3, "max">,
  ]> {
  let cppNamespace = "::lathe";
}

def Lathe_StateKind : I32EnumAttr<"StateKind", "how a sequence state lives", [
    I32EnumAttrCase<"Growing", 0, "growing">,  // one entry a position, in blocks of 64 positions
    I32EnumAttrCase<"Fixed", 1, "fixed">,      // one value a slot, zero at the start of a sequence
  ]> {
  let cppNamespace = "::lathe";
}

def Lathe_ClipKind : I32EnumAttr<"ClipKind", "how a quantizer chooses the range of a block", [
    I32EnumAttrCase<"None", 0, "none">,        // the largest magnitude maps to the largest code
    I32EnumAttrCase<"MSE", 1, "mse">,          // a search for the least squared error
  ]> {
  let cppNamespace = "::lathe";
}

def Lathe_Locality : I32EnumAttr<"Locality", "which inputs an element of a result depends on", [
    I32EnumAttrCase<"Element", 0, "element">,  // the same row and column; 1-D weights at the same column
    I32EnumAttrCase<"Pair", 1, "pair">,        // a column and its partner within a head
    I32EnumAttrCase<"Row", 2, "row">,          // the whole row
  ]> {
  let cppNamespace = "::lathe";
}

#endif

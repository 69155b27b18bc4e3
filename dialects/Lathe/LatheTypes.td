#ifndef LATHE_TYPES_TD
#define LATHE_TYPES_TD

include "Lathe/LatheAttrs.td"

class Lathe_Type<string name, string mnemonic_, list<Trait> traits = []> : TypeDef<Lathe_Dialect, name, traits> {
  let mnemonic = mnemonic_;
}

def Lathe_WeightType : Lathe_Type<"Weight", "weight"> {
  let summary = "A weight expression: a dense f32 matrix or vector, and how it is stored";
  let description = [{
    `!lathe.weight<512x64xf32>`, `!lathe.weight<512x64x<si4, block 1x64, scale <f16>>>`.
    `panel` is 0 for row-major storage, as checkpoints have it, or the number of
    rows that `lathe.pack` interleaves: `!lathe.weight<512x64xf32, panel 64>`.
  }];
  let parameters = (ins ArrayRefParameter<"int64_t">:$shape, "::lathe::EncodingAttr":$encoding, "int64_t":$panel);
  let builders = [
    TypeBuilderWithInferredContext<(ins "::llvm::ArrayRef<int64_t>":$shape, "::lathe::EncodingAttr":$encoding,
                                        CArg<"int64_t", "0">:$panel), [{
      return $_get(encoding.getContext(), shape, encoding, panel);
    }]>
  ];
  let hasCustomAssemblyFormat = 1;
  let genVerifyDecl = 1;
  let extraClassDeclaration = [{
    bool isVector() const { return getShape().size() == 1; }
    /// N, the rows of W[N, K]; 1 for a vector.
    int64_t getRows() const { return isVector() ? 1 : getShape()[0]; }
    /// K, the columns of W[N, K]; the length of a vector.
    int64_t getColumns() const { return getShape().back(); }
    WeightType withEncoding(EncodingAttr encoding) const { return get(getShape(), encoding, getPanel()); }
  }];
}

def Lathe_BatchType : Lathe_Type<"Batch", "batch"> {
  let summary = "The ragged batch of one call: token, position and slot of each row, and what is wanted of it";
}

def Lathe_StateType : Lathe_Type<"State", "state"> {
  let summary = "What a sequence remembers between calls";
  let description = [{
    `!lathe.state<growing 2x4x64xbf16>`: for each position two planes (keys and
    values) of 4 heads of 64. `!lathe.state<fixed 128xf32>`: one vector a slot.
  }];
  let parameters = (ins "::lathe::StateKind":$kind, ArrayRefParameter<"int64_t">:$shape, "::mlir::Type":$elementType);
  let hasCustomAssemblyFormat = 1;
  let genVerifyDecl = 1;
}

// Rows x features.
def Lathe_Rows : Type<And<[
    CPred<"::llvm::isa<::mlir::RankedTensorType>($_self)">,
    CPred<"::llvm::cast<::mlir::RankedTensorType>($_self).getRank() == 2">,
    CPred<"::llvm::cast<::mlir::RankedTensorType>($_self).isDynamicDim(0)">,
    CPred<"!::llvm::cast<::mlir::RankedTensorType>($_self).isDynamicDim(1)">,
    CPred<"::llvm::isa<::mlir::FloatType>(::llvm::cast<::mlir::RankedTensorType>($_self).getElementType())">
  ]>, "tensor of ? rows x features of a float type", "::mlir::RankedTensorType">;

def Lathe_QuantizedRows : Type<And<[
    CPred<"::llvm::isa<::mlir::RankedTensorType>($_self)">,
    CPred<"::llvm::isa_and_nonnull<::lathe::QuantizedRowsAttr>(::llvm::cast<::mlir::RankedTensorType>($_self).getEncoding())">
  ]>, "tensor of ? rows x features with a #lathe.quantized_rows encoding", "::mlir::RankedTensorType">;

def Lathe_AnyRows : AnyTypeOf<[Lathe_Rows, Lathe_QuantizedRows]>;

// One integer a row: token ids, positions.
def Lathe_RowIndices : Type<And<[
    CPred<"::llvm::isa<::mlir::RankedTensorType>($_self)">,
    CPred<"::llvm::cast<::mlir::RankedTensorType>($_self).getRank() == 1">,
    CPred<"::llvm::cast<::mlir::RankedTensorType>($_self).getElementType().isSignlessInteger(32)">
  ]>, "tensor<?xi32>", "::mlir::RankedTensorType">;

#endif

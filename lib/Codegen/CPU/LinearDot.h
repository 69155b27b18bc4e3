// The inner products of bytes behind integer linears: u8 codes of weights times s8 codes of activations,
// exact in i32, by what the variant has.
#pragma once

#include "Codegen/CPU/LinearTile.h"

namespace lathe {

/// Sums of a tile while they are added up: four neighbouring columns of 32-bit lanes' worth of rows at a
/// time. VNNI has one instruction for it. AVX2 adds pairs in 16 bits, which can't overflow up to 7 bits, for
/// as long as they fit; full bytes are widened to 16 bits first, since `vpmaddubsw` saturates on them.
class DotProducts {
public:
  using Value = mlir::Value;
  /// Operands made ready once and used for a whole row or column of the tile.
  struct Operand {
    Value first, second;
  };

  /// `bits` of the weights' codes; `sums` (i32 vectors, row by row) is where counting starts.
  DotProducts(CpuContext &context, int64_t bits, TileShape shape, mlir::ValueRange sums);

  /// `words`: a vector of i32, four codes each.
  Operand weights(Value words);
  /// The four codes at `pointer`, for all lanes.
  Operand activations(Value pointer);
  void multiply(int64_t row, int64_t vector, Operand weights, Operand activations);
  /// Call it when every sum has had its product of one quad.
  void endQuad();
  /// The i32 sums.
  llvm::SmallVector<Value> finish();

private:
  CpuContext &on;
  int64_t bits;
  TileShape shape;
  llvm::SmallVector<Value> sums, pairs;
  int64_t quadsInPairs = 0;

  bool widened() const { return !on.variant.hasVnni && bits == 8; }
  int64_t lanes() const { return on.variant.f32Lanes(); }
  mlir::VectorType vector(int64_t elementBits) const;
  Value call(llvm::StringRef intrinsic, mlir::Type type, mlir::ValueRange operands);
  void flush();
};

} // namespace lathe

// Pruned codes put back in their places: a part of a panel that is stored as a bitmap, written to scratch in the
// form that kernels multiply.
#pragma once

#include "Codegen/CPU/CpuContext.h"
#include "Lathe/PackedLayout.h"

namespace lathe {

/// One panel of a matrix in PackedOrder::Bitmap.
class BitmapPanel {
public:
  using Value = mlir::Value;

  BitmapPanel(CpuContext &context, const PackedMatrix &matrix, Value base, Value panel)
      : on(context), matrix(matrix), base(base), panel(panel) {}

  /// The address of the panel's first code. The start that the weight states is bounded by what all panels before
  /// can hold, so that any bytes lead to addresses within the weight's reach (fb::Weight).
  Value firstCode();

  /// Writes columns [first, end), multiples of 4, to `target`, as PackedOrder has them where there is no bitmap:
  /// codes of at most 8 bits in quads, a byte each; wider ones in columns. What is left out becomes the code of
  /// zero. `codes` is the address of the first of these columns' codes; the result that of the next column's.
  Value expand(Value codes, Value first, Value end, Value target);

private:
  CpuContext &on;
  const PackedMatrix &matrix;
  Value base, panel;

  int64_t width() const { return matrix.planes.back().bits / 8; } ///< bytes of a code
  int64_t vectorBytes() const { return on.variant.vectorBits / 8; }
  int64_t vectorCodes() const { return vectorBytes() / width(); }
  mlir::VectorType codesType() const;
  mlir::VectorType bytesType() const;
  Value bytesConstant(llvm::function_ref<int64_t(int64_t)> byteAt);
  uint8_t codeOfZero() const;

  /// A register of codes by the bits at `mask`, and how many were there.
  std::pair<Value, Value> expandVector(Value codes, Value mask);
  Value expandByInstruction(Value codes, Value bits);
  Value expandByShuffle(Value codes, Value bits);
  Value missingBytes(Value bits);
  Value countOf(Value bits);
  void storeColumns(llvm::ArrayRef<Value> vectors, Value position, Value target);
};

} // namespace lathe

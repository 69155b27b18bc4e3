// Pruned codes put back in their places: a part of a panel that is stored as a bitmap, written to scratch in the
// form that kernels multiply.
#pragma once

#include "Codegen/CPU/CpuContext.h"
#include "Codegen/Kernel/BitmapCodes.h"
#include "Codegen/Kernel/WeightDecode.h"

namespace lathe {

/// One panel of a matrix in PackedOrder::Bitmap.
class BitmapPanel {
public:
  using Value = mlir::Value;

  BitmapPanel(CpuContext &context, const PackedMatrix &matrix, Value base, Value panel)
      : on(context), codes(context, matrix, base, panel) {}

  Value firstCode() { return codes.firstCode(); }

  /// Writes columns [first, end), multiples of 4, to `target`, as PackedOrder has them where there is no bitmap:
  /// codes of at most 8 bits in quads, a byte each; wider ones in columns. What is left out becomes the code of
  /// zero. `start` is the address of the first of these columns' codes; the result that of the next column's.
  Value expand(Value start, Value first, Value end, Value target);
  /// What expand() wrote, for decoding.
  WeightDecode::ExpandedCodes expandedCodes(Value target, Value first) const;

private:
  CpuContext &on;
  BitmapCodes codes;

  int64_t width() const { return codes.width(); }
  int64_t vectorBytes() const { return on.variant.vectorBits / 8; }
  int64_t vectorCodes() const { return vectorBytes() / width(); }
  mlir::VectorType codesType() const;
  mlir::VectorType bytesType() const;
  Value bytesConstant(llvm::function_ref<int64_t(int64_t)> byteAt);

  /// A register of codes by the bits at `mask`, and how many were there.
  std::pair<Value, Value> expandVector(Value next, Value mask);
  Value expandByInstruction(Value next, Value bits);
  Value expandByShuffle(Value next, Value bits);
  Value missingBytes(Value bits);
  Value countOf(Value bits);
  void storeColumns(llvm::ArrayRef<Value> vectors, Value position, Value target);
};

} // namespace lathe

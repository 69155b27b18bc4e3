// Where a bitmap's mask and codes lie: what every target's expansion of a panel reads.
#pragma once

#include "Codegen/Kernel/KernelContext.h"
#include "Lathe/PackedLayout.h"

namespace lathe {

/// One panel of a matrix in PackedOrder::Bitmap.
class BitmapCodes {
public:
  using Value = mlir::Value;

  BitmapCodes(KernelContext &context, const PackedMatrix &matrix, Value base, Value panel)
      : on(context), matrix(matrix), base(base), panel(panel) {}

  /// The address of the mask's bits for column `first`, a multiple of 4, of all rows.
  Value mask(Value first) const;
  /// The address of the panel's first code. The start that the weight states is bounded by what all panels before
  /// can hold, so that any bytes lead to addresses within the weight's reach (fb::Weight).
  Value firstCode() const;
  /// Bytes of a code.
  int64_t width() const { return matrix.planes.back().bits / 8; }
  /// The type of codes of more than 8 bits, which are floats; null where they are bytes.
  mlir::Type floatType() const;
  /// What stands for zero where no code is stored: floats are zero where all bits are.
  uint8_t codeOfZero() const;

private:
  KernelContext &on;
  const PackedMatrix &matrix;
  Value base, panel;
};

} // namespace lathe

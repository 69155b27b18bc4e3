// What a kernel around a linear multiplies: the same on every target.
#pragma once

#include "Codegen/Kernel/KernelEmitter.h"
#include "Lathe/PackedLayout.h"

namespace lathe {

bool matchLinear(exec::KernelOp kernel);

/// What bounds a call: one row and a few rows read the weights as fast as memory gives them; many rows
/// multiply.
enum class RowClass { One, Few, Many };

/// Calls of up to that many rows are few.
inline constexpr int64_t kFewRows = 8;

struct LinearOperands {
  LinearOp op;
  exec::SliceType input;   ///< how x is stored
  WeightType type;         ///< of every weight
  int64_t outputs, inputs; ///< N, K
  int64_t numWeights;
  bool integer; ///< quantized rows times integer codes

  int64_t panels() const { return (outputs + kPanelRows - 1) / kPanelRows; }
  /// Columns that share a scale of x (integer).
  int64_t rowGroup() const { return std::min(input.getGroup(), inputs); }
  /// Columns that a unit of the narrowest code plane covers.
  int64_t unitColumns() const;
  /// Whether codes can be summed up as numbers and the sum of a block be scaled.
  bool hasScaledBlocks() const;
};

/// The operands of a kernel whose root is a linear, or an error at what no target computes.
llvm::FailureOr<LinearOperands> linearOperands(exec::KernelOp kernel);

/// The classes that every target tells apart, in ascending order: one row, few rows, `maxRows`.
llvm::SmallVector<int64_t, 3> linearRowClasses(int64_t maxRows);
RowClass rowClassOf(int64_t maxRows);

/// The numbers of a kernel's results that are quantized rows.
llvm::SmallVector<unsigned> quantizedResults(exec::KernelOp kernel);

} // namespace lathe

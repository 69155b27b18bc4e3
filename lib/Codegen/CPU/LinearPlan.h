// How one linear is computed for calls of up to some number of rows: decided once, the same for every
// variant.
#pragma once

#include "Codegen/Kernel/LinearOperands.h"

namespace lathe {

struct LinearPlan : LinearOperands {
  RowClass rowClass;
  /// Rows of x in one work item, next to one panel of the weights.
  int64_t itemRows;
  /// Columns of the weights that all rows of an item meet before the next ones; K where one pass does.
  int64_t passColumns;
  /// Float rows: the sums of a block of codes are scaled, not each number (one row and few rows).
  bool scalesBlocks = false;
  /// The pass's part of the panel is decoded into scratch first: u8 codes in quads (integer), or f32
  /// [column][64].
  bool staged;
  /// The codes that a bitmap leaves are put in their places in scratch, pass by pass: for integers that is the
  /// staged form, floats may be decoded from there.
  bool expanded;

  bool onePass() const { return passColumns >= inputs; }

  //--- Scratch of a thread: f32 sums [weight][row][64], then the staged part of the panel, then the
  /// expanded one
  //-----------------------
  /// A tile of rows may overhang the item's last row; its sums have room.
  static constexpr int64_t kOverhang = 8;
  int64_t sumsBytes() const { return (itemRows + kOverhang) * kPanelRows * 4; } ///< of one weight
  int64_t stagedOffset() const { return sumsBytes() * numWeights; }
  int64_t expandedOffset() const { return stagedOffset() + (staged && !integer ? stagedBytes() : 0); }
  int64_t scratchBytes() const;

private:
  int64_t stagedColumns() const;
  int64_t stagedBytes() const { return stagedColumns() * kPanelRows * (integer ? 1 : 4); }
};

/// The plan for one class of a kernel whose root is a linear, or an error at what has no kernel.
llvm::FailureOr<LinearPlan> planLinearClass(exec::KernelOp kernel, int64_t maxRows);

} // namespace lathe

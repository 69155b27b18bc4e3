// How a row of logits is shared out on GPUs: the same for every variant.
#pragma once

#include "Codegen/GPU/GpuContext.h"

#include "llvm/Support/MathExtras.h"

namespace lathe {

/// A work group takes a slice of a row, of which each thread has a run in registers, and leaves its largest
/// values and its sums in scratch. Then a join follows, of a work group a row.
struct TopLogitsPlan {
  static constexpr int64_t kThreads = 256, kMostSlices = 128, kMostPerThread = 32;

  explicit TopLogitsPlan(TopLogitsOp op)
      : op(op), columns(mlir::cast<mlir::RankedTensorType>(op.getLogits().getType()).getDimSize(1)),
        count(op.getCount()) {
    // As many values a thread in the slices as in their join, nearly; but registers are few.
    while (perThread < kMostPerThread && slices() > (perThread < 16 ? 32 : kMostSlices)) perThread *= 2;
  }
  int64_t perSlice() const { return kThreads * perThread; }
  int64_t slices() const { return llvm::divideCeil(columns, perSlice()); }
  /// Neighbouring values that are loaded together: rows end at a multiple of them.
  int64_t width() const { return std::min<int64_t>(4, columns & -columns); }

  TopLogitsOp op;
  int64_t columns, count, perThread = 4;

  //--- Scratch of a slice: keys (TopSelection) and ids of its largest, then sums
  //-----------------------------------------------------------------------------
  enum Sum { Largest, Total, LargestOfAll, Mass, Bad, Sums };
  int64_t idsOffset() const { return 4 * count; }
  int64_t sumOffset(Sum sum) const { return 8 * count + 4 * sum; }
  int64_t scratchBytes() const { return int64_t(llvm::alignTo(uint64_t(sumOffset(Sums)), 64)); }
};

/// A row that tokens are drawn from.
struct TopLogitsRow {
  using Value = mlir::Value;

  GpuContext &on;
  TopLogitsOp op;
  Value output; ///< its number

  Value logits() {
    auto rows = mlir::cast<mlir::BlockArgument>(op.getLogits());
    return on.rowPointer(on.argumentPointer(rows), on.argumentSlice(rows), output);
  }
  Value result() { return on.rowPointer(on.resultPointer(0), on.resultSlice(0), output); }
  Value draw() {
    return on.offset(on.batchArray(LATHE_BATCH(draws)), on.mul(output, int64_t(sizeof(KernelDraw))));
  }
  Value temperature() {
    return on.load(on.builder.getF32Type(), on.offset(draw(), offsetof(KernelDraw, temperature)), 4);
  }
};

} // namespace lathe

// How one linear is computed on GPUs for calls of up to some number of rows: decided once, the same for every
// variant.
#pragma once

#include "Artifact/KernelABI.h"
#include "Codegen/Kernel/LinearOperands.h"

namespace lathe {

struct GpuLinearPlan : LinearOperands {
  RowClass rowClass;
  /// Rows of x and outputs of one work group. Outputs are a panel's or a part of it.
  int64_t itemRows, itemOutputs;
  int64_t threads;
  /// Columns that a thread takes at a time, or that are staged: whole units of codes, within a group of x and
  /// a block of scales where that matters.
  int64_t taskColumns;
  /// Float rows: the sums of a block of codes are scaled, not each number.
  bool scalesBlocks;
  /// Columns of a bitmap that are put in their places at a time, a multiple of taskColumns; 0 where the weights
  /// are none.
  int64_t expandedColumns;
  /// Many rows: whether matrix units multiply them where a variant has such (TensorTile). Grids are the same
  /// for all variants, so that those without take the same rows at a time.
  bool fitsMatrixUnits = false;

  int64_t groups() const { return (outputs + itemOutputs - 1) / itemOutputs; }
  /// Columns that are multiplied: of integers, what is stored behind the last one of a group counts nothing.
  int64_t productColumns() const;

  static constexpr int64_t kThreadOutputs = 4;
  int64_t quads() const {
    return itemOutputs / kThreadOutputs;
  } ///< threads next to each other in the outputs

  //--- One and few rows: a thread sums up four outputs over some columns
  //------------------------------------------------------------------
  int64_t slices() const { return threads / quads(); }
  /// Rows whose partial sums lie in work-group memory at a time.
  int64_t roundRows() const { return std::min<int64_t>(itemRows, 4); }

  //--- Many rows: a thread sums up four outputs by some rows over all columns
  //------------------------------------------------------------------
  int64_t threadRows() const { return itemRows * quads() / threads; }
  /// Entries of four columns of a staged row of x: an odd number, so that rows lie in different banks.
  int64_t inputLine() const { return taskColumns / 4 | 1; }

  //--- Work-group memory
  //------------------------------------------------------------------------------------------------------
  int64_t resultFloats() const { return numWeights * itemRows * itemOutputs; }
  int64_t partialFloats() const { return threads * kThreadOutputs * roundRows(); }
  /// Vectors of four outputs: numbers of a column, or codes of four columns.
  int64_t stagedWeights() const { return quads() * (integer ? taskColumns / 4 : taskColumns); }
  /// Vectors of four columns, or words of four codes.
  int64_t stagedInputs() const { return itemRows * inputLine(); }
  int64_t sharedBytes() const;
  int64_t maxSharedBytes() const { return fitsMatrixUnits ? kMaxCudaGroupMemory : kMaxGroupMemory; }
};

/// The plan for one class of a kernel whose root is a linear, or an error at what has no kernel.
llvm::FailureOr<GpuLinearPlan> planGpuLinearClass(exec::KernelOp kernel, int64_t maxRows);

} // namespace lathe

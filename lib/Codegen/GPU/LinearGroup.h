// What the work group of a linear computes: the parts of it share their place and the memory of its results.
#pragma once

#include "Codegen/GPU/BitmapGroup.h"
#include "Codegen/GPU/GpuContext.h"
#include "Codegen/GPU/LinearPlan.h"
#include "Codegen/Kernel/FusedRegion.h"
#include "Codegen/Kernel/WeightDecode.h"

namespace lathe {

struct LinearGroup {
  using Value = mlir::Value;

  GpuContext &on;
  FusedRegion &region;
  const GpuLinearPlan &plan;
  Value results;       ///< work-group memory: f32 [weight][row][output]
  BitmapMemory bitmap; ///< where the weights are bitmaps
  Value number;   ///< i64, of the run of outputs
  Value firstRow; ///< i64, of the kernel's domain
  Value rows;     ///< i64, 1 to plan.itemRows

  Value firstOutput() const { return on.mul(number, plan.itemOutputs); }
  Value weightPointer(int64_t weight) const;
  /// Stored row `row` of x; behind the group's last row that one again.
  Value inputRow(Value row) const;

  Value loadResults(int64_t weight, Value row, Value output, int64_t width) const;
  void storeResults(Value values, int64_t weight, Value row, Value output) const;
  Value resultIndex(int64_t weight, Value row, Value output) const;
};

/// Scale and offset of four outputs over a block of columns: vectors of f32, null where there are none.
struct BlockParts {
  mlir::Value scale, offset;
};

/// Integer products: what turns the exact sum of some columns within a group of x, four outputs by one row,
/// into a part of the result.
class GroupScales {
public:
  using Value = mlir::Value;
  /// `columns` columns from `first` on; `parts` of their block.
  GroupScales(const LinearGroup &group, int64_t bias, BlockParts parts, Value first, int64_t columns);

  /// Where the sum begins: codes are stored with a bias, which minus bias times the sum of x's codes takes
  /// out.
  Value start(Value row);
  /// sum + scales * dot.
  Value add(Value row, Value dot, Value sum);

  /// Where row's scale and sum of codes lie (f32, i32).
  Value inputScale(Value row) const { return entry(row, group.plan.input.getScalesOffset()); }
  Value inputSum(Value row) const { return entry(row, group.plan.input.getSumsOffset()); }
  /// How much of that sum is these columns' (i32, bytes): all of it where they are the first of their group,
  /// else none. Null where they always are.
  Value inputSumBytes() const;

private:
  const LinearGroup &group;
  int64_t bias;
  BlockParts parts;
  Value index;   ///< of the group of x
  Value isFirst; ///< whether its first columns are among these; null where they must be

  Value entry(Value row, int64_t section) const;
  Value sumOfCodes(Value row);
};

/// Work-group memory for some columns of the weights and of x (GpuLinearPlan).
struct StagedColumns {
  mlir::Value weights, input;
};

/// All results of the group, for every weight, where threads share out the columns; a barrier at the end.
/// `partials`: work-group memory of kThreadOutputs * roundRows() f32 a thread.
void emitFewRows(const LinearGroup &group, mlir::Value partials);
/// The same where they share out the rows.
void emitManyRows(const LinearGroup &group, StagedColumns staged);

} // namespace lathe

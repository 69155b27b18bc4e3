// The code of the join behind a row's slices: the likeliest of all their candidates, and sums over the whole
// row.
#pragma once

#include "Codegen/GPU/TopLogitsPlan.h"
#include "Codegen/GPU/TopSelection.h"

namespace lathe {

class TopLogitsJoin {
public:
  using Value = mlir::Value;

  TopLogitsJoin(GpuContext &on, const TopLogitsPlan &plan)
      : on(on), plan(plan), row{on, plan.op, {}}, selection(on, plan.count) {}

  /// Items are rows.
  void emitItem(Value item);

private:
  GpuContext &on;
  const TopLogitsPlan &plan;
  TopLogitsRow row;
  TopSelection selection;

  Value scratchOf(Value slice);
  void joinCandidates();
  void writeCandidate(Value keys, Value ids);
  Value ofSlices(TopLogitsPlan::Sum sum, double without);
  Value joinSums(TopLogitsPlan::Sum largest, TopLogitsPlan::Sum sum, Value temperature, Value most);
  void writeSums();
};

} // namespace lathe

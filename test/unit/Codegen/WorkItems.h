// How many work items a launch has, as a runtime counts them.
#pragma once

#include "Artifact/KernelABI.h"
#include "Codegen/Kernel/KernelEmitter.h"

namespace lathe::test {

inline int64_t countOf(GridKind kind, const KernelBatch &batch) {
  switch (kind) {
  case GridKind::Constant:
    return 0;
  case GridKind::Rows:
    return batch.rows;
  case GridKind::Outputs:
    return batch.outputs;
  case GridKind::Segments:
    return batch.segments;
  case GridKind::Sequences:
    return batch.sequences;
  }
  return 0;
}

inline int64_t workItems(llvm::ArrayRef<GridFactor> grid, const KernelBatch &batch) {
  int64_t items = 1;
  for (const GridFactor &factor : grid)
    items *= factor.kind == GridKind::Constant
                 ? factor.value
                 : (countOf(factor.kind, batch) + factor.value - 1) / factor.value;
  return items;
}

} // namespace lathe::test

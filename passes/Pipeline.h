// The compiler on one page: every phase in order.
#pragma once

#include "mlir/Pass/PassManager.h"

namespace lathe {

/// Registers every pass and pipeline, for lathe-opt and for `--pipeline`.
void registerPasses();

} // namespace lathe

// Rewrites of a model that keep it a model.
#pragma once

#include "Lathe/LatheDialect.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Pass/Pass.h"

namespace lathe {

#define GEN_PASS_DECL
#include "Graph/Passes.h.inc"

#define GEN_PASS_REGISTRATION
#include "Graph/Passes.h.inc"

} // namespace lathe

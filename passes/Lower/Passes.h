// From the model to a program: packing, dispatch formation, outlining, memory planning.
#pragma once

#include "Exec/ExecDialect.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Pass/Pass.h"

namespace lathe {

#define GEN_PASS_DECL
#include "Lower/Passes.h.inc"

#define GEN_PASS_REGISTRATION
#include "Lower/Passes.h.inc"

} // namespace lathe

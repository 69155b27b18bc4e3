// From emitted kernels (scf, arith, math, vector, llvm) to the LLVM dialect.
#pragma once

#include "mlir/IR/BuiltinOps.h"

namespace lathe {

/// Loads every dialect and translation that emission and lowering need; on the thread that owns the context.
void loadCodegenDialects(mlir::MLIRContext &context);

/// Lowers the functions of `module` to the LLVM dialect. Safe on several threads for different modules.
llvm::LogicalResult lowerToLLVM(mlir::ModuleOp module);

} // namespace lathe

// From kernels as the emitters write them (gpu, scf, arith, math, vector, memref, llvm) to the NVVM and LLVM
// dialects.
#pragma once

#include "mlir/Dialect/GPU/IR/GPUDialect.h"

namespace lathe {

/// Loads every dialect and translation that lowering to PTX needs; on the thread that owns the context.
void loadNvvmDialects(mlir::MLIRContext &context);

/// Lowers the functions of `module`, which remains a gpu.module. Safe on several threads for different
/// modules. A function that PTX has no instructions for is an error: no library of functions stands behind a
/// kernel.
llvm::LogicalResult lowerToNvvm(mlir::gpu::GPUModuleOp module);

/// Registers --lathe-gpu-to-nvvm.
void registerGpuToNvvmPass();

} // namespace lathe

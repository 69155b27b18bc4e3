// From kernels as the emitters write them (gpu, scf, arith, math, vector, memref, llvm) to SPIR-V.
#pragma once

#include "Codegen/GPU/GpuVariant.h"

#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/Dialect/SPIRV/IR/SPIRVDialect.h"
#include "mlir/Dialect/SPIRV/IR/SPIRVOps.h"
#include "mlir/IR/OwningOpRef.h"

namespace lathe {

/// Loads every dialect that lowering to SPIR-V needs; on the thread that owns the context.
void loadSpirvDialects(mlir::MLIRContext &context);

/// A module of its own for `function`, whose entry point is "main". It declares the capabilities that it
/// uses and no other; one whose feature `variant` does not require of a device is an error.
llvm::FailureOr<mlir::OwningOpRef<mlir::spirv::ModuleOp>> lowerToSpirv(mlir::gpu::GPUFuncOp function,
                                                                       const GpuVariant &variant);

} // namespace lathe

// What a SPIR-V module declares, and what that asks of a Vulkan device.
#pragma once

#include "Codegen/GPU/GpuVariant.h"

#include "mlir/Dialect/SPIRV/IR/SPIRVOps.h"

namespace lathe {

/// Everything that kernels may use on some device: bounds the lowering, not yet a module.
mlir::spirv::TargetEnvAttr spirvTargetEnv(mlir::MLIRContext *context);

/// Has `module` declare what it uses. A capability whose feature `variant` does not list is an error.
llvm::LogicalResult declareCapabilities(mlir::spirv::ModuleOp module, const GpuVariant &variant);

} // namespace lathe

// From gpu.func to SPIR-V for Vulkan.
#pragma once

#include "Codegen/GPU/GpuVariant.h"

#include "mlir/Dialect/GPU/IR/GPUDialect.h"

#include <string>
#include <vector>

namespace lathe {

/// Compiles a kernel (emitGpuKernel) to one module whose entry point is "main"; `text` receives it in MLIR's
/// notation. `function` remains as it is. Safe on several threads for functions below different modules,
/// after loadSpirvDialects. Errors are diagnostics at the function or the op that stands in the way.
llvm::FailureOr<std::vector<char>> compileSpirv(mlir::gpu::GPUFuncOp function, const GpuVariant &variant,
                                                std::string *text = nullptr);

/// Registers --lathe-gpu-to-spirv.
void registerGpuToSpirvPass();

} // namespace lathe

// From the kernels of an exec.program to gpu.func, the same for Vulkan and CUDA.
#pragma once

#include "Codegen/GPU/GpuVariant.h"
#include "Codegen/Kernel/KernelEmitter.h"

#include "mlir/Dialect/GPU/IR/GPUDialect.h"

namespace lathe {

/// Addresses that a kernel takes at most: what Vulkan's push constants hold on every device.
inline constexpr unsigned kMaxAddresses = 16;

/// Loads the dialects that kernels are written in. Call it on the thread that owns the context.
void loadGpuDialects(mlir::MLIRContext &context);

/// Appends a function of `kernel` to `module` as `k<code>`. An op that has no kernel is a diagnostic.
llvm::FailureOr<mlir::gpu::GPUFuncOp> emitGpuKernel(mlir::gpu::GPUModuleOp module, exec::KernelOp kernel,
                                                    const PlannedKernel &planned, const KernelFunction &part,
                                                    const GpuVariant &variant);

/// Registers --lathe-gpu-kernels.
void registerGpuCodegenPasses();

} // namespace lathe

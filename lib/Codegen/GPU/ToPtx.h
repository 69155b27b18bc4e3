// From gpu.func to PTX text, LLVM's NVPTX back end as a library.
#pragma once

#include "Codegen/GPU/GpuVariant.h"

#include "mlir/Dialect/GPU/IR/GPUDialect.h"

#include <string>

namespace lathe {

/// Compiles the kernels of `module` (emitGpuKernel), which is lowered in place. Safe on several threads for
/// different modules, after loadNvvmDialects. Errors are diagnostics at the module.
llvm::FailureOr<std::string> compilePtx(mlir::gpu::GPUModuleOp module, const GpuVariant &variant);

/// One text of texts that compilePtx gave for one variant, of functions with different names.
std::string joinPtx(llvm::ArrayRef<std::string> texts);

} // namespace lathe

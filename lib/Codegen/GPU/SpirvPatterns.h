// How a kernel's addresses, work-group memory and cooperation of threads become SPIR-V. Arithmetic, vectors and
// control flow are MLIR's.
#pragma once

#include "mlir/Dialect/SPIRV/Transforms/SPIRVConversion.h"

namespace lathe {

/// Adds the types of kernels: addresses are i64, work-group memory is an array, and bf16 and f16 are their bits.
void addKernelTypes(mlir::SPIRVTypeConverter &converter);

/// Patterns for gpu.func, llvm.load, store and getelementptr, memref.load and store, gpu.barrier,
/// gpu.subgroup_reduce and scf.for. They go before MLIR's.
void populateKernelPatterns(const mlir::SPIRVTypeConverter &converter, mlir::RewritePatternSet &patterns);

} // namespace lathe

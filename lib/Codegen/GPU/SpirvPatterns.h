// How a kernel's addresses, work-group memory, cooperation of threads and loops become SPIR-V. Arithmetic,
// vectors and branches are MLIR's.
#pragma once

#include "mlir/Dialect/SPIRV/Transforms/SPIRVConversion.h"

namespace lathe {

/// Adds the types of kernels: addresses are i64, work-group memory is an array, and bf16 and f16 are their
/// bits.
void addKernelTypes(mlir::SPIRVTypeConverter &converter);

/// The benefit of the patterns below. MLIR's for the same ops have 1.
inline constexpr unsigned kBeforeMlir = 2;

/// Patterns for gpu.func, llvm.load, store and getelementptr, memref.load and store, gpu.barrier and
/// gpu.subgroup_reduce.
void populateKernelPatterns(const mlir::SPIRVTypeConverter &converter, mlir::RewritePatternSet &patterns);

/// A pattern for scf.for.
void populateLoopPatterns(const mlir::SPIRVTypeConverter &converter, mlir::RewritePatternSet &patterns);

} // namespace lathe

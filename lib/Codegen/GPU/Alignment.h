// What is known of addresses by how they are computed.
#pragma once

#include "mlir/Dialect/GPU/IR/GPUDialect.h"

namespace lathe {

/// Has loads and stores state the alignment that their addresses have, from that of the function's arguments
/// (llvm.align) on. Emitters state the least that their callers promise; a load of 16 bytes is one
/// instruction only where 16 is known.
void stateAlignments(mlir::gpu::GPUFuncOp function);

/// What an address in a function is known to be aligned by, up to 64.
int64_t knownAlignment(mlir::gpu::GPUFuncOp function, mlir::Value address);

} // namespace lathe

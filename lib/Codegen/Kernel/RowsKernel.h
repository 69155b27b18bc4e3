// Kernels without a product: chains of element-wise and whole-row ops, rotations, quantized rows, cache
// writes.
#pragma once

#include "Codegen/Kernel/FusedRegion.h"

namespace lathe {

bool matchRows(exec::KernelOp kernel);
llvm::FailureOr<llvm::SmallVector<KernelClass>> planRows(exec::KernelOp kernel, int64_t maxRows);
llvm::LogicalResult emitRows(KernelContext &context);

/// The work of one rows kernel on one row, for roots that are just another source of rows (an embedding's
/// table): scratch that it needs, and its code. `region` must provide the root's results.
int64_t rowsScratchBytes(exec::KernelOp kernel);
llvm::LogicalResult checkRows(exec::KernelOp kernel);
void emitRow(KernelContext &context, FusedRegion &region, mlir::Value row);

} // namespace lathe

// Small kernels over positions and sequences: rotation tables, pooling, the decaying scan.
#pragma once

#include "Codegen/Kernel/KernelEmitter.h"

namespace lathe {

bool matchRopeTable(exec::KernelOp kernel);
llvm::FailureOr<llvm::SmallVector<KernelClass>> planRopeTable(exec::KernelOp kernel, int64_t maxRows);
llvm::LogicalResult emitRopeTable(KernelContext &context);

bool matchPool(exec::KernelOp kernel);
llvm::FailureOr<llvm::SmallVector<KernelClass>> planPool(exec::KernelOp kernel, int64_t maxRows);
llvm::LogicalResult emitPool(KernelContext &context);

bool matchDecayScan(exec::KernelOp kernel);
llvm::FailureOr<llvm::SmallVector<KernelClass>> planDecayScan(exec::KernelOp kernel, int64_t maxRows);
llvm::LogicalResult emitDecayScan(KernelContext &context);

} // namespace lathe

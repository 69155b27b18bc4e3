// Products with packed weights on GPUs, and everything element-wise behind them.
#pragma once

#include "Codegen/Kernel/LinearOperands.h"

namespace lathe {

llvm::FailureOr<llvm::SmallVector<KernelClass>> planGpuLinear(exec::KernelOp kernel, int64_t maxRows);
llvm::LogicalResult emitGpuLinear(KernelContext &context);

} // namespace lathe

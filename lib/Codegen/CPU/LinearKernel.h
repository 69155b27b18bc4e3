// Products with packed weights, and everything element-wise behind them.
#pragma once

#include "Codegen/CPU/CpuContext.h"
#include "Codegen/Kernel/LinearOperands.h"

namespace lathe {

llvm::FailureOr<llvm::SmallVector<KernelClass>> planLinear(exec::KernelOp kernel, int64_t maxRows);
llvm::LogicalResult emitLinear(KernelContext &context);

} // namespace lathe

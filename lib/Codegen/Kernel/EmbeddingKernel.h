// Row gathers from a packed table, and the rows kernel behind them.
#pragma once

#include "Codegen/Kernel/KernelContext.h"

namespace lathe {

bool matchEmbedding(exec::KernelOp kernel);
llvm::FailureOr<llvm::SmallVector<KernelClass>> planEmbedding(exec::KernelOp kernel, int64_t maxRows);
llvm::LogicalResult emitEmbedding(KernelContext &context);

} // namespace lathe

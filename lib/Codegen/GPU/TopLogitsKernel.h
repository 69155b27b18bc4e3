// lathe.top_logits on GPUs: groups find the likeliest of their slices of a row, and one joins them.
#pragma once

#include "Codegen/Kernel/KernelEmitter.h"

namespace lathe {

bool matchTopLogits(exec::KernelOp kernel);
llvm::FailureOr<llvm::SmallVector<KernelClass>> planTopLogits(exec::KernelOp kernel, int64_t maxRows);
llvm::LogicalResult emitTopLogits(KernelContext &context);
llvm::LogicalResult joinTopLogits(KernelContext &context);

} // namespace lathe

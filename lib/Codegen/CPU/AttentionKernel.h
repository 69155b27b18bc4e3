// softmax(scale q k^T) v over the paged cache or over the rows of the batch.
#pragma once

#include "Codegen/Kernel/AttentionOperands.h"

namespace lathe {

llvm::FailureOr<llvm::SmallVector<KernelClass>> planAttention(exec::KernelOp kernel, int64_t maxRows);
llvm::LogicalResult emitAttention(KernelContext &context);

} // namespace lathe

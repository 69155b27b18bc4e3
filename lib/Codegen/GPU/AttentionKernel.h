// softmax(scale q k^T) v on GPUs, over the paged cache or over the rows of the batch.
#pragma once

#include "Codegen/Kernel/AttentionOperands.h"

namespace lathe {

llvm::FailureOr<llvm::SmallVector<KernelClass>> planGpuAttention(exec::KernelOp kernel, int64_t maxRows);
llvm::LogicalResult emitGpuAttention(KernelContext &context);
llvm::LogicalResult emitGpuAttentionJoin(KernelContext &context);

} // namespace lathe

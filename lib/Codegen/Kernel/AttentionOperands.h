// What a kernel around an attention computes: the same on every target.
#pragma once

#include "Codegen/Kernel/KernelEmitter.h"

namespace lathe {

bool matchAttention(exec::KernelOp kernel);

/// The root of a kernel that matches.
AttentionOp attentionOf(exec::KernelOp kernel);
/// Query heads that share a KV head; columns of a head.
int64_t queriesPerHead(AttentionOp op);
int64_t headColumns(AttentionOp op);

/// An error at what no target computes around an attention.
llvm::LogicalResult checkAttention(exec::KernelOp kernel);

} // namespace lathe

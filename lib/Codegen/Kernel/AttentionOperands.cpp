#include "Codegen/Kernel/AttentionOperands.h"

#include "Codegen/Kernel/FusedRegion.h"

using namespace mlir;
using namespace lathe;

static int64_t columnsOf(Value tensor) { return cast<RankedTensorType>(tensor.getType()).getDimSize(1); }

bool lathe::matchAttention(exec::KernelOp kernel) { return isa_and_nonnull<AttentionOp>(findRoot(kernel)); }

AttentionOp lathe::attentionOf(exec::KernelOp kernel) { return cast<AttentionOp>(findRoot(kernel)); }

int64_t lathe::queriesPerHead(AttentionOp op) { return op.getHeads() / op.getKvHeads(); }

int64_t lathe::headColumns(AttentionOp op) { return columnsOf(op.getQuery()) / int64_t(op.getHeads()); }

LogicalResult lathe::checkAttention(exec::KernelOp kernel) {
  AttentionOp op = attentionOf(kernel);
  for (Value operand : {op.getKeys(), op.getValues()})
    if (operand && !FusedRegion::isStored(operand))
      return op.emitOpError("takes keys that its own kernel computes; form the dispatch behind them");
  return FusedRegion::checkEpilogue(kernel, op, columnsOf(op.getQuery()));
}

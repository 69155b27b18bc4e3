#include "Codegen/GPU/AttentionKernel.h"

#include "Codegen/GPU/AttentionGroup.h"
#include "Codegen/GPU/LinearPlan.h"

#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace lathe;

FailureOr<GpuAttentionPlan> lathe::planGpuAttentionClass(exec::KernelOp kernel, int64_t maxRows) {
  GpuAttentionPlan plan;
  plan.op = attentionOf(kernel);
  plan.group = queriesPerHead(plan.op);
  plan.dim = headColumns(plan.op);
  plan.parts = std::min<int64_t>(4, int64_t(llvm::PowerOf2Ceil(uint64_t(plan.columnQuads()))));
  if (plan.columnQuads() > plan.threads())
    return plan.op.emitOpError("has heads of ")
           << plan.dim << " columns; GPUs take " << 4 * plan.threads() << " at most";
  int64_t queries = std::min<int64_t>(maxRows, kSegmentRows) * plan.group;
  plan.tile = std::min<int64_t>(int64_t(llvm::PowerOf2Ceil(uint64_t(queries))), GpuAttentionPlan::kMaxTile);
  while (plan.tile > 1 && plan.sharedBytes() > kMaxSharedBytes) plan.tile /= 2;
  if (plan.sharedBytes() > kMaxSharedBytes)
    return plan.op.emitOpError("has heads of ") << plan.dim << " columns, which need " << plan.sharedBytes()
                                                << " bytes of work-group memory of " << kMaxSharedBytes;
  plan.tiles = llvm::divideCeil(queries, plan.tile);
  return plan;
}

FailureOr<SmallVector<KernelClass>> lathe::planGpuAttention(exec::KernelOp kernel, int64_t maxRows) {
  if (failed(checkAttention(kernel))) return failure();
  SmallVector<KernelClass> classes;
  for (int64_t rows : {int64_t(1), maxRows}) {
    if (!classes.empty() && rows == classes.back().maxRows) continue;
    FailureOr<GpuAttentionPlan> plan = planGpuAttentionClass(kernel, rows);
    if (failed(plan)) return failure();
    uint32_t groups = uint32_t(plan->op.getKvHeads() * plan->tiles);
    classes.push_back({rows, {{GridKind::Constant, groups}, {GridKind::Segments, 1}}, 0, plan->threads()});
  }
  return classes;
}

LogicalResult lathe::emitGpuAttention(KernelContext &base) {
  GpuContext &on = GpuContext::of(base);
  FailureOr<GpuAttentionPlan> plan = planGpuAttentionClass(on.kernel, on.kernelClass.maxRows);
  if (failed(plan)) return failure();
  AttentionGroup group(on, *plan);
  on.forItems([&](Value item) { group.emitItem(item); });
  return success();
}

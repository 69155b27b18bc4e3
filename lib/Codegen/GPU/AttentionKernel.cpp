#include "Codegen/GPU/AttentionKernel.h"

#include "Codegen/GPU/AttentionGroup.h"
#include "Codegen/GPU/AttentionJoin.h"
#include "Codegen/GPU/LinearPlan.h"
#include "Codegen/Kernel/LinearOperands.h"
#include "Lathe/ModelInfo.h"

using namespace mlir;
using namespace lathe;

/// Work groups that keep a large GPU busy: two for each of some 130 multiprocessors.
static constexpr int64_t kBusyGroups = 256;

/// Blocks of 64 positions of the longest sequence, if the module says it.
static std::optional<int64_t> mostBlocks(exec::KernelOp kernel) {
  auto module = kernel->getParentOfType<ModuleOp>();
  std::optional<ModelInfo> model = module ? getModelInfo(module) : std::nullopt;
  if (!model) return std::nullopt;
  return std::max<int64_t>(model->context / kBlockPositions + (model->context % kBlockPositions != 0), 1);
}

/// Into how many parts a sequence's keys are split. Without a cache there are no more than rows of the call.
static int64_t planSplits(exec::KernelOp kernel, int64_t tiles, int64_t maxRows) {
  AttentionOp op = attentionOf(kernel);
  if (maxRows > kFewRows || !op.getStateAttr()) return 1;
  int64_t splits = llvm::divideCeil(kBusyGroups, int64_t(op.getKvHeads()) * tiles);
  return std::min(splits, mostBlocks(kernel).value_or(splits));
}

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
  while (plan.tile > 1 && plan.sharedBytes() > int64_t(kMaxGroupMemory)) plan.tile /= 2;
  if (plan.sharedBytes() > int64_t(kMaxGroupMemory))
    return plan.op.emitOpError("has heads of ") << plan.dim << " columns, which need " << plan.sharedBytes()
                                                << " bytes of work-group memory of " << int64_t(kMaxGroupMemory);
  plan.tiles = llvm::divideCeil(queries, plan.tile);
  plan.splits = planSplits(kernel, plan.tiles, maxRows);
  return plan;
}

FailureOr<SmallVector<KernelClass>> lathe::planGpuAttention(exec::KernelOp kernel, int64_t maxRows) {
  if (failed(checkAttention(kernel))) return failure();
  SmallVector<KernelClass> classes;
  for (int64_t rows : {int64_t(1), kFewRows, maxRows}) {
    if (rows > maxRows || (!classes.empty() && rows == classes.back().maxRows)) continue;
    FailureOr<GpuAttentionPlan> plan = planGpuAttentionClass(kernel, rows);
    if (failed(plan)) return failure();
    bool isSplit = plan->splits != 1;
    if (rows == kFewRows && rows != maxRows && !isSplit) continue; // the class for more is as good
    uint32_t tiles = uint32_t(plan->op.getKvHeads() * plan->tiles);
    auto gridOf = [&](int64_t groups) {
      return SmallVector<GridFactor, 2>{{GridKind::Constant, uint32_t(tiles * groups)},
                                        {GridKind::Segments, 1}};
    };
    classes.push_back({rows, gridOf(plan->splits), plan->scratchBytes(), plan->threads()});
    if (isSplit) classes.back().join = KernelJoin{gridOf(plan->tile), plan->joinThreads()};
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

LogicalResult lathe::emitGpuAttentionJoin(KernelContext &base) {
  GpuContext &on = GpuContext::of(base);
  FailureOr<GpuAttentionPlan> plan = planGpuAttentionClass(on.kernel, on.kernelClass.maxRows);
  if (failed(plan)) return failure();
  AttentionJoin join(on, *plan);
  on.forItems([&](Value item) { join.emitItem(item); });
  return success();
}

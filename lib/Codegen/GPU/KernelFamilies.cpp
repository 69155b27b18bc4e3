// The table of kernel families on GPUs.
#include "Codegen/GPU/KernelFamilies.h"

#include "Codegen/GPU/AttentionKernel.h"
#include "Codegen/GPU/LinearKernel.h"
#include "Codegen/GPU/TopLogitsKernel.h"
#include "Codegen/Kernel/EmbeddingKernel.h"
#include "Codegen/Kernel/RowsKernel.h"
#include "Codegen/Kernel/SequenceKernels.h"

#include "mlir/IR/BuiltinTypes.h"

using namespace mlir;

namespace lathe {

/// Families that share out columns of a row: threads for steps of four columns, within bounds.
template <auto plan>
static FailureOr<SmallVector<KernelClass>> planTeam(exec::KernelOp kernel, int64_t maxRows) {
  auto classes = plan(kernel, maxRows);
  if (failed(classes)) return failure();
  int64_t columns = 1;
  kernel.getBody().walk([&](Operation *op) {
    for (Type type : op->getOperandTypes())
      if (auto tensor = dyn_cast<RankedTensorType>(type); tensor && tensor.getRank() == 2)
        columns = std::max(columns, tensor.getDimSize(1));
  });
  for (KernelClass &of : *classes)
    of.threads = std::clamp<int64_t>(llvm::alignTo((columns + 3) / 4, 32), 32, 256);
  return classes;
}

// A body without a root is a rows kernel, which therefore comes last.
static const KernelEmitter kEmitters[] = {
    {"linear", matchLinear, planGpuLinear, emitGpuLinear},
    {"embedding", matchEmbedding, planTeam<planEmbedding>, emitEmbedding},
    {"attention", matchAttention, planGpuAttention, emitGpuAttention, emitGpuAttentionJoin},
    {"pool", matchPool, planTeam<planPool>, emitPool},
    {"decay_scan", matchDecayScan, planTeam<planDecayScan>, emitDecayScan},
    {"rope_table", matchRopeTable, planTeam<planRopeTable>, emitRopeTable},
    {"top_logits", matchTopLogits, planTopLogits, emitTopLogits, joinTopLogits},
    {"rows", matchRows, planTeam<planRows>, emitRows},
};

KernelFamilies gpuKernelFamilies() { return kEmitters; }

} // namespace lathe

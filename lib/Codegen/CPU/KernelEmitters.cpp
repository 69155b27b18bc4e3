// The table of kernel families.
#include "Codegen/CPU/KernelEmitter.h"

#include "Codegen/CPU/AttentionKernel.h"
#include "Codegen/CPU/EmbeddingKernel.h"
#include "Codegen/CPU/LinearKernel.h"
#include "Codegen/CPU/RowsKernel.h"
#include "Codegen/CPU/SequenceKernels.h"

using namespace mlir;

namespace lathe {

// A body without a root is a rows kernel, which therefore comes last.
static const KernelEmitter kEmitters[] = {
    {"linear", matchLinear, planLinear, emitLinear},
    {"embedding", matchEmbedding, planEmbedding, emitEmbedding},
    {"attention", matchAttention, planAttention, emitAttention},
    {"pool", matchPool, planPool, emitPool},
    {"decay_scan", matchDecayScan, planDecayScan, emitDecayScan},
    {"rope_table", matchRopeTable, planRopeTable, emitRopeTable},
    {"rows", matchRows, planRows, emitRows},
};

llvm::ArrayRef<KernelEmitter> kernelEmitters() { return kEmitters; }

FailureOr<const KernelEmitter *> findKernelEmitter(exec::KernelOp kernel) {
  for (const KernelEmitter &emitter : kEmitters)
    if (emitter.match(kernel)) return &emitter;
  Operation *root = findRoot(kernel);
  return (root ? root : kernel.getOperation())->emitOpError("has no kernel on CPUs");
}

Operation *findRoot(exec::KernelOp kernel) {
  for (Operation &op : kernel.getBody().front())
    if (isDispatchRoot(&op)) return &op;
  return nullptr;
}

GridFactor domainFactor(exec::RowDomain domain, uint32_t rowsPerItem) {
  switch (domain) {
  case exec::RowDomain::Rows:
    return {GridKind::Rows, rowsPerItem};
  case exec::RowDomain::Outputs:
    return {GridKind::Outputs, rowsPerItem};
  case exec::RowDomain::Sequences:
    return {GridKind::Sequences, rowsPerItem};
  }
  llvm_unreachable("all domains are handled");
}

} // namespace lathe

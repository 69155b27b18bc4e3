// The table of kernel families on CPUs.
#include "Codegen/CPU/KernelFamilies.h"

#include "Codegen/CPU/AttentionKernel.h"
#include "Codegen/Kernel/EmbeddingKernel.h"
#include "Codegen/CPU/LinearKernel.h"
#include "Codegen/Kernel/RowsKernel.h"
#include "Codegen/Kernel/SequenceKernels.h"

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

KernelFamilies cpuKernelFamilies() { return kEmitters; }

} // namespace lathe

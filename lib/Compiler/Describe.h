// What an artifact says of the model besides its program: where it comes from, how to sample it, what was decided.
#pragma once

#include "Artifact/Artifact_generated.h"
#include "Checkpoint/Checkpoint.h"
#include "Compiler/CompileOptions.h"
#include "Remarks.h"
#include "Support/Status.h"

#include "mlir/IR/BuiltinOps.h"

namespace lathe {

/// The tokenizer of the checkpoint as the artifact stores it; empty, with a warning, where it has none.
Result<std::vector<std::byte>> describeTokenizer(const Checkpoint &checkpoint, const CompileOptions &options);

/// Fills in the header's description. `checkpoint` may be null (an .mlir file without a folder).
Status describeModel(mlir::ModuleOp module, const Checkpoint *checkpoint, std::span<const std::byte> tokenizer,
                     const CompileOptions &options, fb::HeaderT &header);

void describeRemarks(const std::vector<Remark> &remarks, fb::HeaderT &header);

} // namespace lathe

// The last step: weights are evaluated straight into the file, then code, tokenizer and header follow.
#pragma once

#include "Artifact/Artifact_generated.h"
#include "Codegen/Kernel/ProgramCode.h"
#include "Exec/ExecDialect.h"
#include "Support/Status.h"
#include "Weights/ParamSource.h"

#include <functional>

namespace lathe {

/// A program and its code.
struct CompiledProgram {
  mutable exec::ProgramOp program; // MLIR ops have no const accessors
  ProgramCode code;
};

struct ArtifactRequest {
  std::string path;
  /// One a target. A weight that several of them hold, equal in type and expression, is stored once.
  const std::vector<CompiledProgram> &programs;
  const ParamSource &params;
  std::span<const std::byte> tokenizer; ///< may be empty
  unsigned threads;
  /// Bytes of weights done, of all; true stops.
  std::function<bool(uint64_t, uint64_t)> progress;
};

/// Writes the file; `header` holds what is not in the program (model, numerics, generation, remarks). Errors of weights
/// are diagnostics at their ops, and an Internal or Cancelled status.
Status writeArtifact(const ArtifactRequest &request, fb::HeaderT &header);

} // namespace lathe

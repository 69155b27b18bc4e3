// exec.program, one to one, as the program section of an artifact.
#pragma once

#include "Artifact/Artifact_generated.h"
#include "Codegen/Kernel/ProgramCode.h"
#include "Exec/ExecDialect.h"

namespace lathe {

/// The table without images: offsets, sizes and hashes of the variants are the writer's. `weightIndex` gives the
/// artifact's number of each exec.weight symbol.
mlir::FailureOr<std::unique_ptr<fb::ProgramT>> programTable(exec::ProgramOp program, const ProgramCode &code,
                                                            const llvm::StringMap<uint32_t> &weightIndex);

} // namespace lathe

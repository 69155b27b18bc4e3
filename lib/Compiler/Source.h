// What a compilation starts from: a checkpoint to import, or IR that was dumped behind some phase.
#pragma once

#include "Checkpoint/Checkpoint.h"
#include "Compiler/CompileOptions.h"

#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/OwningOpRef.h"

namespace lathe {

struct Source {
  mlir::OwningOpRef<mlir::ModuleOp> module;
  std::optional<Checkpoint> checkpoint; ///< none for an .mlir file without a folder
  Phase phase = Phase::Import;          ///< the phase that the module has behind it
};

/// Opens `options.model`. Errors in IR are diagnostics of the context as well.
Result<Source> openSource(const CompileOptions &options, mlir::MLIRContext &context);

/// The dialects that IR of any phase uses.
void loadDialects(mlir::MLIRContext &context);

/// Notes in the module which phase it has behind it, so that a dump can be compiled on.
void setPhase(mlir::ModuleOp module, Phase phase);

} // namespace lathe

// Weights in fewer bits, as expressions.
#pragma once

#include "Lathe/LatheDialect.h"
#include "Weights/ParamSource.h"

#include "mlir/Pass/Pass.h"
#include "mlir/Pass/PassManager.h"

namespace lathe {

#define GEN_PASS_DECL
#include "Compress/Passes.h.inc"

#define GEN_PASS_REGISTRATION
#include "Compress/Passes.h.inc"

/// What a compilation asks of its weights; see lathe-quantize-weights.
struct CompressOptions {
  std::string weights = "keep", group, recipe;
  std::string checkpoint; ///< the folder that params come from where there is no source
  unsigned threads = 0;
};

/// Adds the passes that choose encodings. `params` answers for the values of params and outlives the run;
/// null: they come from the checkpoint, or from the module's lathe.inline alone.
void addCompressPasses(mlir::OpPassManager &pm, const CompressOptions &options, const ParamSource *params);

} // namespace lathe

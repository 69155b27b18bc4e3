// The families: each is one file that reads like the model's forward pass.
#pragma once

#include "Checkpoint/Config.h"
#include "Import/ModelBuilder.h"

namespace lathe {

/// Writes the model that `config` describes through the builder. Errors are those of the configuration; what
/// is wrong with the tensors is recorded by the builder.
using ImportFamily = Status(ModelBuilder &model, Config config);

ImportFamily importLlama, importGpt2, importBert;

} // namespace lathe

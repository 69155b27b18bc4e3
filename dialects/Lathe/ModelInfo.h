// What the rest of the compiler needs to know of a model besides its IR. It travels in the module, as the
// attribute `lathe.model`, so that a dumped module can be edited and compiled later.
#pragma once

#include "mlir/IR/BuiltinOps.h"

#include <cstdint>
#include <optional>
#include <string>

namespace lathe {

struct ModelInfo {
  std::string family;     ///< "llama", "gpt2", "bert": the configuration's model_type
  int64_t vocabulary = 0; ///< token ids lie below it
  int64_t context = 0;    ///< positions lie below it; encoders: tokens of one text, special ones included
  int64_t width = 0;      ///< features of a hidden state; what an embedding has
  bool lowercase = false; ///< encoders: the text is lowercased before it goes to the tokenizer
};

/// Sets `lathe.model` of the module.
void setModelInfo(mlir::ModuleOp module, const ModelInfo &info);
/// Reads it back; none where the attribute is missing or lacks an entry.
std::optional<ModelInfo> getModelInfo(mlir::ModuleOp module);

} // namespace lathe

// Models of random shape and configuration, with random weights, as text of the model level.
#pragma once

#include "Weights/ParamSource.h"

#include <random>
#include <string>

namespace lathe::test {

/// The same for the same seed. Decoders (`@step`) in the manner of Llama or GPT-2, or encoders (`@embed`).
struct RandomModel {
  explicit RandomModel(unsigned seed);

  std::string text; ///< a module
  std::string entry;
  int64_t vocabulary = 0;
};

/// Numbers for every `lathe.param` of a module, of its shape, drawn from its key.
class RandomParams final : public ParamSource {
public:
  explicit RandomParams(mlir::ModuleOp module);
  Result<ParamTensor> find(llvm::StringRef scope, llvm::StringRef key) const override;

private:
  std::map<std::string, std::vector<int64_t>> shapes_;
};

} // namespace lathe::test

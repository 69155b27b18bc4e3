// Where `lathe.param` gets its numbers from.
#pragma once

#include "Checkpoint/Checkpoint.h"
#include "Lathe/LatheDialect.h"

#include <functional>

namespace lathe {

/// A tensor behind a param: row-major elements, readable by ranges from many threads at once.
struct ParamTensor {
  std::vector<int64_t> shape;
  /// Elements [first, first + out.size()) as f32.
  std::function<Status(uint64_t first, std::span<float> out)> read;
};

/// The one table that resolves scope and key.
class ParamSource {
public:
  virtual ~ParamSource() = default;
  /// The tensor of that name, or a Status that says what is wrong.
  virtual Result<ParamTensor> find(llvm::StringRef scope, llvm::StringRef key) const = 0;
};

/// The tensors of a Hugging Face folder, under the scope "model".
class CheckpointParams final : public ParamSource {
public:
  explicit CheckpointParams(const Checkpoint &checkpoint) : checkpoint_(checkpoint) {}
  Result<ParamTensor> find(llvm::StringRef scope, llvm::StringRef key) const override;

private:
  const Checkpoint &checkpoint_;
};

/// Tensors that the module carries itself, in an attribute `lathe.inline = {name = dense<...> :
/// tensor<...xf32>}`, under the scope "inline": small numbers for tests. Other scopes go to `next`, where
/// there is one.
class InlineParams final : public ParamSource {
public:
  explicit InlineParams(mlir::ModuleOp module, const ParamSource *next = nullptr)
      : module_(module), next_(next) {}
  Result<ParamTensor> find(llvm::StringRef scope, llvm::StringRef key) const override;

private:
  mlir::ModuleOp module_;
  const ParamSource *next_;
};

} // namespace lathe

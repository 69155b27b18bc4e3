// Where a pass gets the values of weights from: the driver's source, a folder that an option names, or the
// module.
#pragma once

#include "Weights/Evaluator.h"

#include "mlir/IR/BuiltinOps.h"

#include <memory>

namespace lathe {

class WeightValues {
public:
  /// Opens `folder` where it is named and there is no `source`. Fails with a diagnostic at the module.
  static mlir::FailureOr<std::unique_ptr<WeightValues>> open(mlir::ModuleOp module, const ParamSource *source,
                                                             const std::string &folder, unsigned threads);

  /// Whether any param may have values here.
  bool available() const { return available_; }
  Evaluator &evaluator() { return *evaluator_; }
  unsigned threads() const { return threads_; }
  const ParamSource &params() const { return *inline_; }

private:
  std::optional<Checkpoint> checkpoint_;
  std::optional<CheckpointParams> folder_;
  std::optional<InlineParams> inline_;
  std::optional<Evaluator> evaluator_;
  unsigned threads_ = 1;
  bool available_ = false;
};

} // namespace lathe

// Where a pass gets the values of weights from.
//
// The driver sets one source for all passes of a context. Elsewhere (lathe-opt) a pass takes them from the
// folder that its option names. What the module holds itself (lathe.inline) comes first in both.
#pragma once

#include "Weights/Evaluator.h"

#include "mlir/IR/BuiltinOps.h"

#include <memory>

namespace lathe {

/// Answers for params whenever a pass in this context asks, reading with `threads` threads (0: one for each
/// CPU). The source outlives the passes; null takes it away.
void setParamSource(mlir::MLIRContext &context, const ParamSource *source, unsigned threads = 0);

class WeightValues {
public:
  /// Opens `folder` where it is named. Fails with a diagnostic at the module: no such checkpoint, or the
  /// context has a source and needs no folder.
  static mlir::FailureOr<std::unique_ptr<WeightValues>> open(mlir::ModuleOp module, const std::string &folder,
                                                             unsigned threads);

  /// Whether any param may have values here.
  bool available() const { return available_; }
  /// Fails with a diagnostic that says how to give values, where there are none.
  llvm::LogicalResult require(const std::string &what) const;
  Evaluator &evaluator() { return *evaluator_; }
  unsigned threads() const { return threads_; }
  const ParamSource &params() const { return *inline_; }

private:
  mlir::ModuleOp module_;
  std::optional<Checkpoint> checkpoint_;
  std::optional<CheckpointParams> folder_;
  std::optional<InlineParams> inline_;
  std::optional<Evaluator> evaluator_;
  unsigned threads_ = 1;
  bool available_ = false;
};

} // namespace lathe

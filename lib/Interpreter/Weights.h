// The semantics of weight expressions: every expression is evaluated to a dense f32 matrix, whole, in memory.
#pragma once

#include "Interpreter/Data.h"
#include "Lathe/LatheDialect.h"
#include "Weights/ParamSource.h"

#include "llvm/ADT/DenseMap.h"

#include <memory>

namespace lathe::interpreter {

/// A matrix as an encoding stores it: a plane of codes, and scales and offsets one level down.
struct StoredMatrix {
  EncodingAttr encoding;
  int64_t rows = 0, columns = 0;
  std::vector<int32_t> codes; ///< [rows, columns]; integers as they are, floats as their bits
  std::shared_ptr<const StoredMatrix> scale, offset;
};

/// Decode.cpp: what the codes mean.
Weight decode(const StoredMatrix &stored);

/// LowRank.cpp: the factors L = U sqrt(S) [N, rank] and R = sqrt(S) V^T [rank, K] of the best approximation.
std::pair<Weight, Weight> truncatedSvd(const Weight &weight, int64_t rank);

/// WeightSemantics.cpp: evaluates expressions, each once. What a quantizer chose is the compiler's own
/// (lib/Weights): the codes are what is stored, so they decide; what they mean is decoded here.
class WeightEvaluator {
public:
  explicit WeightEvaluator(const ParamSource &params) : params_(params) {}
  /// `value` is a result of a weight op. Failures emit a diagnostic at the op that failed.
  mlir::FailureOr<std::shared_ptr<const Weight>> evaluate(mlir::Value value);

private:
  mlir::LogicalResult evaluate(mlir::Operation *op);
  void define(mlir::Value value, Weight weight) {
    known_[value] = std::make_shared<const Weight>(std::move(weight));
  }
  const ParamSource &params_;
  llvm::DenseMap<mlir::Value, std::shared_ptr<const Weight>> known_;
};

} // namespace lathe::interpreter

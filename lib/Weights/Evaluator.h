// Materialises weight expressions: in row panels, on several threads, straight to where they are stored.
#pragma once

#include "Weights/Expression.h"
#include "Weights/Packer.h"

namespace lathe {

/// What storing a weight cost.
struct StoredError {
  double squaredError = 0;  ///< sum over (stored - given)^2, given being what its last quantization was given
  double squaredNorm = 0;   ///< sum over given^2
  double relative() const { return squaredNorm > 0 ? std::sqrt(squaredError / squaredNorm) : 0; }
};

class Evaluator {
public:
  Evaluator(const ParamSource &params, unsigned threads) : expressions_(params), threads_(threads) {}

  /// The dense f32 meaning of a value.
  mlir::FailureOr<std::vector<float>> dense(mlir::Value weight);

  /// Stores a value - packed, or a vector - as its type says; `sink` receives storedBytes(type) bytes at most, what it
  /// does not receive is zero. The bytes do not depend on the number of threads. Fails with a diagnostic.
  mlir::FailureOr<StoredError> store(mlir::Value weight, const ByteSink &sink);

private:
  mlir::FailureOr<StoredError> storeNode(mlir::Value weight, const class QuantizeNode &node, const ByteSink &sink);
  ExpressionBuilder expressions_;
  unsigned threads_;
};

} // namespace lathe

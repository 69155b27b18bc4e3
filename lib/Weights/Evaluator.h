// Materialises weight expressions: in row panels, on several threads, straight to where they are stored.
#pragma once

#include "Weights/Expression.h"
#include "Weights/LowRank.h"
#include "Weights/Packer.h"

#include <cmath>

namespace lathe {

/// What storing a weight, or putting one weight in the place of another, costs.
struct StoredError {
  double squaredError = 0; ///< sum over (stored - given)^2, given being what its last quantization was given
  double squaredNorm = 0;  ///< sum over given^2
  double relative() const { return squaredNorm > 0 ? std::sqrt(squaredError / squaredNorm) : 0; }
  StoredError &operator+=(const StoredError &other) {
    squaredError += other.squaredError;
    squaredNorm += other.squaredNorm;
    return *this;
  }
};

/// Answers do not depend on the number of threads. Failures are diagnostics at the op that can't be
/// evaluated.
class Evaluator {
public:
  Evaluator(const ParamSource &params, unsigned threads) : expressions_(params), threads_(threads) {}

  /// The dense f32 meaning of a value.
  mlir::FailureOr<std::vector<float>> dense(mlir::Value weight);

  /// What `approximate` loses of `exact`, a value of the same shape: on all rows, or on about `sampleRows` of
  /// them, evenly spread.
  mlir::FailureOr<StoredError> difference(mlir::Value approximate, mlir::Value exact,
                                          int64_t sampleRows = INT64_MAX);

  /// The largest singular values, in descending order: until they hold the share `energy` of the squared
  /// norm, at most `maxRank` of them.
  mlir::FailureOr<Spectrum> spectrum(mlir::Value weight, double energy, int64_t maxRank);

  /// The share of elements that are not zero.
  mlir::FailureOr<double> density(mlir::Value weight);

  /// Bytes of a packed matrix or a vector as store() writes them: those of its type or, with a bitmap, as
  /// many as its codes need.
  mlir::FailureOr<int64_t> storedBytes(mlir::Value weight);

  /// Stores a value - packed, or a vector - as its type says; `sink` receives storedBytes(weight) bytes at
  /// most, what it does not receive is zero.
  mlir::FailureOr<StoredError> store(mlir::Value weight, const ByteSink &sink);

private:
  mlir::FailureOr<std::shared_ptr<WeightNode>> prepared(mlir::Value weight);
  mlir::FailureOr<std::shared_ptr<const QuantizeNode>> storable(mlir::Value weight);

  ExpressionBuilder expressions_;
  unsigned threads_;
};

} // namespace lathe

// Truncated singular value decompositions; no LLVM in here.
#pragma once

#include "Support/Status.h"

#include <cstdint>
#include <vector>

namespace lathe {

/// Singular values in descending order, the largest ones of a matrix.
struct Spectrum {
  std::vector<float> values;
  double squaredNorm = 0; ///< of the whole matrix: the sum of the squares of all its singular values
  /// The share of the squared norm that the first `rank` values hold.
  double energy(int64_t rank) const;
};

/// W ~ left[N, r] * right[r, K], row-major, with U sqrt(S) on the left and sqrt(S) V^T on the right.
struct LowRank {
  Spectrum spectrum;
  std::vector<float> left, right;
};

/// The best approximation whose singular values hold the share `energy` of the squared norm, of a rank of at
/// most `maxRank`. Small matrices, and ranks near the full one, are decomposed by the eigenvectors of the
/// Gram matrix in double precision; others by subspace iteration from a fixed start (Halko, Martinsson and
/// Tropp 2011, algorithm 4.4). Bits do not depend on threads or instruction sets.
Result<LowRank> truncatedSvd(std::vector<float> weights, int64_t rows, int64_t columns, int64_t maxRank,
                             double energy, unsigned threads);

} // namespace lathe

#include "Weights/Svd.h"

#include "Weights/BlockMath.h"
#include "Weights/Gemm.h"

#include <Eigen/Dense>

#include <algorithm>
#include <cmath>

using namespace lathe;

using RowMajorF = Eigen::Matrix<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
using RowMajorD = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

double Spectrum::energy(int64_t rank) const {
  double held = 0;
  for (int64_t i = 0; i < std::min<int64_t>(rank, int64_t(values.size())); ++i)
    held += double(values[i]) * values[i];
  return squaredNorm > 0 ? std::min(1.0, held / squaredNorm) : 1;
}

namespace {

/// A matrix in memory and what is asked of it.
class Decomposition {
public:
  Decomposition(std::vector<float> weights, int64_t rows, int64_t columns, unsigned threads)
      : rows_(rows), columns_(columns), threads_(threads), values_(std::move(weights)) {
    double difference;
    squaredSums(values_, values_, difference, squaredNorm_);
  }
  int64_t fullRank() const { return std::min(rows_, columns_); }

  /// By the eigenvectors of W W^T or W^T W, whichever is smaller.
  Status decomposeExactly(int64_t rank, LowRank &result) {
    Eigen::Map<const RowMajorF> w(values_.data(), rows_, columns_);
    RowMajorD wide = w.cast<double>();
    bool tall = rows_ > columns_;
    RowMajorD gram = tall ? RowMajorD(wide.transpose() * wide) : RowMajorD(wide * wide.transpose());
    Eigen::SelfAdjointEigenSolver<RowMajorD> solver(gram);
    if (solver.info() != Eigen::Success)
      return Status(Code::Internal, "the eigenvectors of a weight were not found");
    RowMajorD basis = solver.eigenvectors().rowwise().reverse().leftCols(rank);
    Eigen::VectorXd sigma = solver.eigenvalues().reverse().head(rank).cwiseMax(0).cwiseSqrt();
    RowMajorD other = tall ? RowMajorD((wide * basis).transpose()) : RowMajorD(basis.transpose() * wide);
    if (tall)
      finish(other.transpose(), basis.transpose(), sigma, tall, result);
    else
      finish(basis, other, sigma, tall, result);
    return {};
  }

  /// By subspace iteration with a few directions more than are wanted.
  Status decomposeSubspace(int64_t rank, LowRank &result) {
    int64_t width = std::min(fullRank(), rank + 16);
    RowMajorF right = start(width), left(rows_, width);
    constexpr int kIterations = 4;
    for (int i = 0; i < kIterations; ++i) {
      LATHE_TRY(
          multiply(values_.data(), columns_, 1, right.data(), left.data(), rows_, width, columns_, threads_));
      orthonormalize(left);
      LATHE_TRY(
          multiply(values_.data(), 1, columns_, left.data(), right.data(), columns_, width, rows_, threads_));
      if (i + 1 < kIterations) orthonormalize(right);
    }
    // right^T = left^T W: its small Gram matrix gives the singular values.
    RowMajorD projected = right.cast<double>().transpose();
    Eigen::SelfAdjointEigenSolver<RowMajorD> solver(RowMajorD(projected * projected.transpose()));
    if (solver.info() != Eigen::Success)
      return Status(Code::Internal, "the eigenvectors of a weight were not found");
    RowMajorD basis = solver.eigenvectors().rowwise().reverse().leftCols(rank);
    Eigen::VectorXd sigma = solver.eigenvalues().reverse().head(rank).cwiseMax(0).cwiseSqrt();
    finish(left.cast<double>() * basis, basis.transpose() * projected, sigma, false, result);
    return {};
  }

private:
  /// Signs from a fixed sequence (SplitMix64).
  RowMajorF start(int64_t width) const {
    RowMajorF result(columns_, width);
    uint64_t state = 0x9e3779b97f4a7c15;
    for (int64_t i = 0; i < result.size(); ++i) {
      uint64_t z = state += 0x9e3779b97f4a7c15;
      z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
      z = (z ^ z >> 27) * 0x94d049bb133111eb;
      result.data()[i] = (z ^ z >> 31) & 1 ? 1.0f : -1.0f;
    }
    return result;
  }

  static void orthonormalize(RowMajorF &matrix) {
    Eigen::HouseholderQR<Eigen::MatrixXf> qr(matrix);
    matrix = qr.householderQ() * Eigen::MatrixXf::Identity(matrix.rows(), matrix.cols());
  }

  /// One side is orthonormal, the other carries the singular values: the left one where `scaledLeft`. Both
  /// get their root.
  void finish(const RowMajorD &left, const RowMajorD &right, const Eigen::VectorXd &sigma, bool scaledLeft,
              LowRank &result) const {
    int64_t rank = sigma.size();
    result.spectrum = {std::vector<float>(rank), squaredNorm_};
    result.left.resize(rows_ * rank);
    result.right.resize(rank * columns_);
    for (int64_t i = 0; i < rank; ++i) {
      double root = std::sqrt(sigma[i]), inverse = root > 0 ? 1 / root : 0;
      result.spectrum.values[i] = static_cast<float>(sigma[i]);
      for (int64_t row = 0; row < rows_; ++row)
        result.left[row * rank + i] = static_cast<float>(left(row, i) * (scaledLeft ? inverse : root));
      for (int64_t column = 0; column < columns_; ++column)
        result.right[i * columns_ + column] =
            static_cast<float>(right(i, column) * (scaledLeft ? root : inverse));
    }
  }

  int64_t rows_, columns_;
  unsigned threads_;
  std::vector<float> values_;
  double squaredNorm_ = 0;
};

/// The fewest singular values that hold the share; all of them where they do not.
int64_t rankFor(const Spectrum &spectrum, double energy) {
  int64_t rank = 1;
  while (rank < int64_t(spectrum.values.size()) && spectrum.energy(rank) < energy) ++rank;
  return rank;
}

/// Leaves out what is past `rank`.
void truncate(LowRank &factors, int64_t rank, int64_t rows, int64_t columns) {
  int64_t old = int64_t(factors.spectrum.values.size());
  if (rank == old) return;
  for (int64_t row = 0; row < rows; ++row)
    std::copy_n(factors.left.begin() + row * old, rank, factors.left.begin() + row * rank);
  factors.left.resize(rows * rank);
  factors.right.resize(rank * columns);
  factors.spectrum.values.resize(rank);
}

} // namespace

Result<LowRank> lathe::truncatedSvd(std::vector<float> weights, int64_t rows, int64_t columns,
                                    int64_t maxRank, double energy, unsigned threads) {
  if (!allFinite(weights)) return Status(Code::Corrupt, "a weight is not finite (NaN or infinity)");
  Decomposition matrix(std::move(weights), rows, columns, threads);
  int64_t full = matrix.fullRank(), most = std::min(maxRank, full);
  // Where a share is asked for, the rank is not known: it is doubled until the share is reached.
  int64_t rank = energy < 1 ? std::min<int64_t>(most, 32) : most;
  LowRank result;
  while (true) {
    bool exact = full <= 256 || rank > full / 3;
    if (exact) rank = most;
    LATHE_TRY(exact ? matrix.decomposeExactly(rank, result) : matrix.decomposeSubspace(rank, result));
    if (rank == most || result.spectrum.energy(rank) >= energy) break;
    rank = std::min(most, rank * 2);
  }
  if (energy < 1) truncate(result, rankFor(result.spectrum, energy), rows, columns);
  return result;
}

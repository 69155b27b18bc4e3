// The factors that lathe.low_rank makes of a matrix.
#pragma once

#include "Weights/Expression.h"
#include "Weights/Svd.h"

namespace lathe {

/// The largest singular values of a weight, as many as hold the share `energy`, and the factors. Holds the
/// whole matrix.
Result<LowRank> truncatedSvd(const WeightNode &weight, int64_t maxRank, double energy, unsigned threads);

/// The two factors of one matrix, computed once.
class LowRankFactors {
public:
  LowRankFactors(std::shared_ptr<WeightNode> of, int64_t rank) : of_(std::move(of)), rank_(rank) {}
  Status compute(unsigned threads);
  int64_t rows() const { return of_->rows(); }
  int64_t columns() const { return of_->columns(); }
  int64_t rank() const { return rank_; }
  const LowRank &factors() const { return factors_; }

private:
  std::shared_ptr<WeightNode> of_;
  int64_t rank_;
  bool computed_ = false;
  LowRank factors_;
};

/// One of the two.
class FactorNode final : public WeightNode {
public:
  FactorNode(std::shared_ptr<LowRankFactors> factors, bool left)
      : WeightNode(left ? factors->rows() : factors->rank(), left ? factors->rank() : factors->columns()),
        factors_(std::move(factors)), left_(left) {}
  Status prepare(unsigned threads) override { return factors_->compute(threads); }
  Status read(int64_t first, int64_t count, std::span<float> out) const override;

private:
  std::shared_ptr<LowRankFactors> factors_;
  bool left_;
};

} // namespace lathe

#include "Weights/LowRank.h"

#include <algorithm>

using namespace lathe;

Result<LowRank> lathe::truncatedSvd(const WeightNode &weight, int64_t maxRank, double energy,
                                    unsigned threads) {
  std::vector<float> values(weight.rows() * weight.columns());
  LATHE_TRY(weight.read(0, weight.rows(), values));
  return truncatedSvd(std::move(values), weight.rows(), weight.columns(), maxRank, energy, threads);
}

Status LowRankFactors::compute(unsigned threads) {
  if (computed_) return {};
  Result<LowRank> found = truncatedSvd(*of_, rank_, 1, threads);
  if (!found.ok()) return found.status();
  factors_ = std::move(*found);
  computed_ = true;
  return {};
}

Status FactorNode::read(int64_t first, int64_t count, std::span<float> out) const {
  const std::vector<float> &values = left_ ? factors_->factors().left : factors_->factors().right;
  std::copy_n(values.begin() + first * columns(), count * columns(), out.begin());
  return {};
}

// The smallest magnitudes set to zero.
#pragma once

#include "Weights/Expression.h"

namespace lathe {

class PruneNode final : public WeightNode {
public:
  /// floor(share * elements) elements of the smallest magnitude; of equal ones the first.
  static std::shared_ptr<PruneNode> ofShare(std::shared_ptr<WeightNode> of, double share);
  /// Every element of magnitude below `threshold`.
  static std::shared_ptr<PruneNode> below(std::shared_ptr<WeightNode> of, double threshold);

  PruneNode(std::shared_ptr<WeightNode> of, int64_t pruned, float threshold)
      : WeightNode(of->rows(), of->columns()), of_(std::move(of)), pruned_(pruned), threshold_(threshold) {}

  /// Finds the exact magnitude where a share ends.
  Status prepare(unsigned threads) override;
  Status read(int64_t first, int64_t count, std::span<float> out) const override;

private:
  Status countBits(unsigned threads, unsigned shift, uint32_t prefix, unsigned prefixShift,
                   std::vector<int64_t> &histogram) const;
  Status countTies(unsigned threads);

  std::shared_ptr<WeightNode> of_;
  int64_t pruned_; ///< how many; -1 where the threshold is given
  float threshold_;
  /// Elements whose magnitude is the threshold: how many of them go, and how many stand before each row.
  int64_t prunedTies_ = 0;
  std::vector<int64_t> tiesBefore_;
};

} // namespace lathe

#include "Weights/Prune.h"

#include "Weights/Threads.h"

#include <bit>
#include <cmath>
#include <mutex>

using namespace lathe;

static constexpr int64_t kRowsAtOnce = 64;

/// Magnitudes in the order of their bits.
static uint32_t magnitudeBits(float value) { return std::bit_cast<uint32_t>(value) & 0x7fffffff; }

std::shared_ptr<PruneNode> PruneNode::ofShare(std::shared_ptr<WeightNode> of, double share) {
  auto pruned = static_cast<int64_t>(share * double(of->rows() * of->columns()));
  return std::make_shared<PruneNode>(std::move(of), pruned, 0.0f);
}

std::shared_ptr<PruneNode> PruneNode::below(std::shared_ptr<WeightNode> of, double threshold) {
  // The least float that is not below the threshold: comparing with it is comparing with the threshold.
  auto limit = static_cast<float>(threshold);
  if (double(limit) < threshold) limit = std::nextafter(limit, INFINITY);
  return std::make_shared<PruneNode>(std::move(of), -1, limit);
}

Status PruneNode::countBits(unsigned threads, unsigned shift, uint32_t prefix, unsigned prefixShift,
                            std::vector<int64_t> &histogram) const {
  std::mutex mutex;
  int64_t parts = (rows() + kRowsAtOnce - 1) / kRowsAtOnce;
  return forEach(parts, threads, [&](int64_t part) -> Status {
    int64_t first = part * kRowsAtOnce, count = std::min(kRowsAtOnce, rows() - first);
    std::vector<float> values(count * columns());
    LATHE_TRY(of_->read(first, count, values));
    std::vector<uint32_t> counts(histogram.size());
    for (float value : values)
      if (uint32_t bits = magnitudeBits(value); prefixShift >= 32 || bits >> prefixShift == prefix)
        ++counts[bits >> shift & (counts.size() - 1)];
    std::lock_guard lock(mutex);
    for (size_t i = 0; i < counts.size(); ++i) histogram[i] += counts[i];
    return {};
  });
}

Status PruneNode::countTies(unsigned threads) {
  std::vector<int64_t> ties(rows());
  int64_t parts = (rows() + kRowsAtOnce - 1) / kRowsAtOnce;
  LATHE_TRY(forEach(parts, threads, [&](int64_t part) -> Status {
    int64_t first = part * kRowsAtOnce, count = std::min(kRowsAtOnce, rows() - first);
    std::vector<float> values(count * columns());
    LATHE_TRY(of_->read(first, count, values));
    for (size_t i = 0; i < values.size(); ++i)
      ties[first + i / columns()] += std::fabs(values[i]) == threshold_;
    return {};
  }));
  tiesBefore_.resize(rows());
  for (int64_t row = 1; row < rows(); ++row) tiesBefore_[row] = tiesBefore_[row - 1] + ties[row - 1];
  return {};
}

/// The bin that holds element number `rank` (from 0) in ascending order; `rank` becomes its number within the
/// bin.
static uint32_t binOf(const std::vector<int64_t> &histogram, int64_t &rank) {
  uint32_t bin = 0;
  for (; bin + 1 < histogram.size() && rank >= histogram[bin]; ++bin) rank -= histogram[bin];
  return bin;
}

Status PruneNode::prepare(unsigned threads) {
  if (pruned_ <= 0) return {};
  // The magnitude of the last pruned element, found by its upper 16 bits and then by the 15 below.
  int64_t rank = pruned_ - 1;
  std::vector<int64_t> upper(1 << 16), lower(1 << 15);
  LATHE_TRY(countBits(threads, 15, 0, 32, upper));
  uint32_t prefix = binOf(upper, rank);
  LATHE_TRY(countBits(threads, 0, prefix, 15, lower));
  uint32_t bits = prefix << 15 | binOf(lower, rank);
  threshold_ = std::bit_cast<float>(bits);
  prunedTies_ = rank + 1;
  return countTies(threads);
}

Status PruneNode::read(int64_t first, int64_t count, std::span<float> out) const {
  LATHE_TRY(of_->read(first, count, out));
  if (pruned_ == 0) return {};
  int64_t tie = pruned_ > 0 ? tiesBefore_[first] : 0;
  for (float &value : out) {
    float magnitude = std::fabs(value);
    if (magnitude < threshold_ || (magnitude == threshold_ && pruned_ > 0 && tie++ < prunedTies_)) value = 0;
  }
  return {};
}

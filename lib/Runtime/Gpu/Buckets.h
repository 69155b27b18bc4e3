// The sizes that launches are recorded for.
#pragma once

#include "Runtime/WorkGrid.h"

#include <vector>

namespace lathe::gpu {

/// Rounds counts up, so that few recordings serve all calls: to powers of two and to the ends of kernels'
/// classes, so that a bucket takes the class that each of its calls would.
class Buckets {
public:
  explicit Buckets(const fb::Program &program);
  BatchCounts covering(const BatchCounts &counts) const;

private:
  std::vector<int64_t> rows_, outputs_, sequences_; ///< ascending
};

inline bool same(const BatchCounts &a, const BatchCounts &b) {
  return a.rows == b.rows && a.outputs == b.outputs && a.segments == b.segments && a.sequences == b.sequences;
}

} // namespace lathe::gpu

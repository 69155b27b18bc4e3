// Attention over the paged cache against softmax in doubles, whatever runs it.
#pragma once

#include "KernelHarness.h"

#include <functional>

namespace lathe::test {

struct AttentionShape {
  int heads, kvHeads, dim;
  bool adds = false; ///< adds a residual to the result
};

/// softmax(0.3 q k^T) v of one query head over `keys` keys.
std::vector<double> attend(const float *query, int dim, int64_t keys,
                           const std::function<double(int64_t key, int d)> &keyAt,
                           const std::function<double(int64_t key, int d)> &valueAt);

/// The kernel "attend" over rows: queries, the state `s` of `type`, the residual if there is one, the result.
std::string cachedAttention(AttentionShape shape, const std::string &type);

/// Runs it on a batch of `runs`, in which each slot has all positions before its rows, and compares.
/// Positions that nobody wrote are NaN; the result takes the place of the queries.
void checkCachedAttention(AttentionShape shape, const std::string &type, const std::vector<Batch::Run> &runs,
                          const std::function<void(const KernelBatch &, std::vector<void *>)> &run);

} // namespace lathe::test

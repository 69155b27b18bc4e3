// How far two results lie apart.
#pragma once

#include "Interpreter/Data.h"

#include <algorithm>
#include <cmath>

namespace lathe::test {

/// The largest difference as a share of the range of `expected`; infinite where they can't be compared.
inline float difference(const std::vector<float> &actual, const std::vector<float> &expected) {
  if (actual.size() != expected.size() || expected.empty()) return INFINITY;
  auto [low, high] = std::minmax_element(expected.begin(), expected.end());
  float largest = 0;
  for (size_t i = 0; i < actual.size(); ++i) {
    if (!std::isfinite(actual[i])) return INFINITY;
    largest = std::max(largest, std::fabs(actual[i] - expected[i]));
  }
  return largest / (*high - *low);
}

/// Rows [first, first + count).
inline std::vector<float> rowsOf(const interpreter::Rows &rows, int64_t first, int64_t count) {
  return std::vector<float>(rows.row(first), rows.row(first) + count * rows.columns);
}

} // namespace lathe::test

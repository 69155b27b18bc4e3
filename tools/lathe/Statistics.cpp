#include "Statistics.h"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace lathe::tool {

Mean meanOf(const std::vector<double> &values) {
  double n = double(values.size()), mean = std::accumulate(values.begin(), values.end(), 0.0) / n,
         squares = 0;
  for (double value : values) squares += (value - mean) * (value - mean);
  return {mean, values.size() > 1 ? std::sqrt(squares / (n - 1) / n) : 0};
}

double quantile(std::vector<double> values, double share) {
  auto at = values.begin() + std::ptrdiff_t(share * double(values.size() - 1));
  std::nth_element(values.begin(), at, values.end());
  return *at;
}

} // namespace lathe::tool

// What a set of measured values says.
#pragma once

#include <vector>

namespace lathe::tool {

/// Mean and its standard error, σ/√n.
struct Mean {
  double value, error;
};
Mean meanOf(const std::vector<double> &values);
/// The value that a share of the values lies at or below.
double quantile(std::vector<double> values, double share);

} // namespace lathe::tool

// What a compression costs and saves, for remarks.
#pragma once

#include "Compress/Matrices.h"
#include "Compress/WeightValues.h"

namespace lathe {

/// Rows that stand for a matrix where its error is estimated.
inline constexpr int64_t kSampledRows = 512;

/// Bytes of a matrix in the checkpoint's type, and packed as kernels read it.
int64_t plainBytes(WeightType type);
int64_t packedBytes(WeightType type);

/// "8.4 MB".
std::string describeBytes(int64_t bytes);
/// "0.0912": three digits.
std::string describeRatio(double ratio);

} // namespace lathe

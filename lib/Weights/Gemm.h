// Products of matrices for the compiler's own use; no LLVM in here.
#pragma once

#include "Support/Status.h"

#include <cstdint>

namespace lathe {

/// c[i, j] = sum over k of a(i, k) * b[k, j] for i < rows, j < columns, k < depth, with a(i, k) at
/// a[i * rowStride + k * depthStride] and b, c row-major. Each sum runs over k in ascending order, multiplied
/// and added apart: the same bits on every instruction set and any number of threads.
Status multiply(const float *a, int64_t rowStride, int64_t depthStride, const float *b, float *c,
                int64_t rows, int64_t columns, int64_t depth, unsigned threads);

} // namespace lathe

#include "Weights/Gemm.h"

#include "Weights/Threads.h"
#include "Weights/VectorClones.h"

#include <algorithm>
#include <cstring>
#include <vector>

namespace lathe {

namespace {

constexpr int64_t kTileRows = 4, kLanes = 16, kTileColumns = 2 * kLanes;
typedef float Lanes __attribute__((vector_size(kLanes * sizeof(float))));

/// kTileRows x kTileColumns of c. `b` has kTileColumns columns and lies in one piece.
LATHE_VECTOR_CLONES void multiplyTile(const float *a, int64_t rowStride, int64_t depthStride, const float *b,
                                      float *c, int64_t depth) {
  Lanes sums[kTileRows][2] = {};
  for (int64_t k = 0; k < depth; ++k) {
    Lanes b0, b1;
    std::memcpy(&b0, b + k * kTileColumns, sizeof(Lanes));
    std::memcpy(&b1, b + k * kTileColumns + kLanes, sizeof(Lanes));
    for (int64_t i = 0; i < kTileRows; ++i) {
      float x = a[i * rowStride + k * depthStride];
      sums[i][0] += x * b0;
      sums[i][1] += x * b1;
    }
  }
  std::memcpy(c, sums, sizeof(sums));
}

} // namespace

Status multiply(const float *a, int64_t rowStride, int64_t depthStride, const float *b, float *c,
                int64_t rows, int64_t columns, int64_t depth, unsigned threads) {
  int64_t strips = (columns + kTileColumns - 1) / kTileColumns;
  // Strips of b in one piece each, filled up with zeros.
  std::vector<float> packed(strips * depth * kTileColumns);
  for (int64_t strip = 0; strip < strips; ++strip)
    for (int64_t k = 0; k < depth; ++k)
      std::copy_n(b + k * columns + strip * kTileColumns,
                  std::min(kTileColumns, columns - strip * kTileColumns),
                  packed.begin() + (strip * depth + k) * kTileColumns);
  return forEach((rows + kTileRows - 1) / kTileRows, threads, [&](int64_t tile) -> Status {
    int64_t first = tile * kTileRows, count = std::min(kTileRows, rows - first);
    // The last rows may be fewer: they are copied, with zeros behind them.
    std::vector<float> edge;
    const float *from = a + first * rowStride;
    int64_t rowStep = rowStride, depthStep = depthStride;
    if (count < kTileRows) {
      edge.resize(kTileRows * depth);
      for (int64_t i = 0; i < count; ++i)
        for (int64_t k = 0; k < depth; ++k) edge[i * depth + k] = from[i * rowStride + k * depthStride];
      from = edge.data(), rowStep = depth, depthStep = 1;
    }
    for (int64_t strip = 0; strip < strips; ++strip) {
      float result[kTileRows * kTileColumns];
      multiplyTile(from, rowStep, depthStep, packed.data() + strip * depth * kTileColumns, result, depth);
      int64_t width = std::min(kTileColumns, columns - strip * kTileColumns);
      for (int64_t i = 0; i < count; ++i)
        std::copy_n(result + i * kTileColumns, width, c + (first + i) * columns + strip * kTileColumns);
    }
    return {};
  });
}

} // namespace lathe

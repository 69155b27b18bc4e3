#include "Interpreter/Operations.h"

#include <cmath>

namespace lathe::interpreter {

Rows ropeTable(const Indices &positions, llvm::ArrayRef<float> frequencies, float factor) {
  int64_t half = frequencies.size();
  Rows table(positions.size(), 2 * half);
  for (int64_t m = 0; m < table.rows; ++m)
    for (int64_t j = 0; j < half; ++j) {
      float angle = static_cast<float>(positions[m]) * frequencies[j];
      table.row(m)[j] = factor * std::cos(angle);
      table.row(m)[half + j] = factor * std::sin(angle);
    }
  return table;
}

Rows rope(const Rows &x, const Rows &table, int64_t heads) {
  Rows y = x;
  int64_t headDim = x.columns / heads, half = table.columns / 2;
  for (int64_t m = 0; m < x.rows; ++m)
    for (int64_t head = 0; head < heads; ++head)
      for (int64_t j = 0; j < half; ++j) {
        int64_t left = head * headDim + j, right = left + half;
        float cosine = table.row(m)[j], sine = table.row(m)[half + j];
        y.row(m)[left] = x.row(m)[left] * cosine - x.row(m)[right] * sine;
        y.row(m)[right] = x.row(m)[right] * cosine + x.row(m)[left] * sine;
      }
  return y;
}

} // namespace lathe::interpreter

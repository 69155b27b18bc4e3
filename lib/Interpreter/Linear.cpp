#include "Interpreter/Operations.h"

#include <cmath>

namespace lathe::interpreter {

Rows embedding(const Indices &ids, const Weight &table) {
  Rows result(ids.size(), table.columns);
  for (int64_t m = 0; m < result.rows; ++m)
    for (int64_t k = 0; k < table.columns; ++k) result.row(m)[k] = table.at(ids[m], k);
  return result;
}

Rows linear(const Rows &x, const Weight &weight) {
  Rows y(x.rows, weight.rows);
  for (int64_t m = 0; m < x.rows; ++m)
    for (int64_t n = 0; n < weight.rows; ++n) {
      float sum = 0;
      for (int64_t k = 0; k < x.columns; ++k) sum += x.row(m)[k] * weight.at(n, k);
      y.row(m)[n] = sum;
    }
  return y;
}

/// Integer sums need a scale that is constant over each group of the rows: one a group, or one a row of W.
static bool groupsFit(const QuantizedRows &x, const Weight &weight) {
  if (weight.codes.empty() || weight.scales.empty() || weight.blockRows != 1) return false;
  return weight.blockColumns == x.group || weight.blockColumns >= x.columns;
}

/// One element: i32 sums per group, exact; then fused multiply-adds, groups ascending. This order is what
/// makes every kernel agree with every other bit for bit.
static float integerDot(const QuantizedRows &x, int64_t m, const Weight &weight, int64_t n) {
  float accumulator = 0;
  for (int64_t group = 0; group < x.groups(); ++group) {
    int64_t begin = group * x.group, end = std::min(begin + x.group, x.columns);
    int32_t dot = 0;
    for (int64_t k = begin; k < end; ++k)
      dot += x.codes[m * x.columns + k] * weight.codes[n * weight.columns + k];
    float scale = x.scales[m * x.groups() + group];
    int64_t block = weight.block(n, begin);
    accumulator = std::fma(float(dot), weight.scales[block] * scale, accumulator);
    if (!weight.offsets.empty())
      accumulator =
          std::fma(float(x.sums[m * x.groups() + group]), weight.offsets[block] * scale, accumulator);
  }
  return accumulator;
}

Rows linear(const QuantizedRows &x, const Weight &weight) {
  if (!groupsFit(x, weight)) return linear(dequantize(x), weight);
  Rows y(x.rows, weight.rows);
  for (int64_t m = 0; m < x.rows; ++m)
    for (int64_t n = 0; n < weight.rows; ++n) y.row(m)[n] = integerDot(x, m, weight, n);
  return y;
}

QuantizedRows quantizeRows(const Rows &x, int64_t group) {
  QuantizedRows result{x.rows, x.columns, group, {}, {}, {}};
  result.codes.resize(x.rows * x.columns);
  for (int64_t m = 0; m < x.rows; ++m)
    for (int64_t begin = 0; begin < x.columns; begin += group) {
      int64_t end = std::min(begin + group, x.columns);
      float largest = 0;
      for (int64_t k = begin; k < end; ++k) largest = std::max(largest, std::fabs(x.row(m)[k]));
      float inverse = largest > 0 ? 127 / largest : 0;
      int32_t sum = 0;
      for (int64_t k = begin; k < end; ++k) {
        float code = std::clamp(std::nearbyint(x.row(m)[k] * inverse), -127.0f, 127.0f);
        result.codes[m * x.columns + k] = static_cast<int8_t>(code);
        sum += static_cast<int32_t>(code);
      }
      result.scales.push_back(largest / 127);
      result.sums.push_back(sum);
    }
  return result;
}

Rows dequantize(const QuantizedRows &x) {
  Rows result(x.rows, x.columns);
  for (int64_t m = 0; m < x.rows; ++m)
    for (int64_t k = 0; k < x.columns; ++k)
      result.row(m)[k] = x.scales[m * x.groups() + k / x.group] * x.codes[m * x.columns + k];
  return result;
}

} // namespace lathe::interpreter

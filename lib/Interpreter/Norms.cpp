#include "Interpreter/Operations.h"

#include <cmath>

namespace lathe::interpreter {

Rows rmsNorm(const Rows &x, const Weight *scale, float epsilon) {
  Rows result(x.rows, x.columns);
  for (int64_t m = 0; m < x.rows; ++m) {
    float squares = 0;
    for (int64_t k = 0; k < x.columns; ++k) squares += x.row(m)[k] * x.row(m)[k];
    float factor = 1 / std::sqrt(squares / x.columns + epsilon);
    for (int64_t k = 0; k < x.columns; ++k)
      result.row(m)[k] = x.row(m)[k] * factor * (scale ? scale->values[k] : 1);
  }
  return result;
}

Rows layerNorm(const Rows &x, const Weight &scale, const Weight &bias, float epsilon) {
  Rows result(x.rows, x.columns);
  for (int64_t m = 0; m < x.rows; ++m) {
    float sum = 0, squares = 0;
    for (int64_t k = 0; k < x.columns; ++k) sum += x.row(m)[k];
    float mean = sum / x.columns;
    for (int64_t k = 0; k < x.columns; ++k) squares += (x.row(m)[k] - mean) * (x.row(m)[k] - mean);
    float factor = 1 / std::sqrt(squares / x.columns + epsilon);
    for (int64_t k = 0; k < x.columns; ++k)
      result.row(m)[k] = (x.row(m)[k] - mean) * factor * scale.values[k] + bias.values[k];
  }
  return result;
}

Rows l2Normalize(const Rows &x, float epsilon) {
  Rows result(x.rows, x.columns);
  for (int64_t m = 0; m < x.rows; ++m) {
    float squares = 0;
    for (int64_t k = 0; k < x.columns; ++k) squares += x.row(m)[k] * x.row(m)[k];
    float norm = std::max(std::sqrt(squares), epsilon);
    for (int64_t k = 0; k < x.columns; ++k) result.row(m)[k] = x.row(m)[k] / norm;
  }
  return result;
}

} // namespace lathe::interpreter

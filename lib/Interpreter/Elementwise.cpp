#include "Interpreter/Operations.h"

#include <cmath>

namespace lathe::interpreter {

Rows add(const Rows &x, const Rows &y) {
  Rows result = x;
  for (size_t i = 0; i < result.values.size(); ++i) result.values[i] += y.values[i];
  return result;
}

Rows mul(const Rows &x, const Rows &y) {
  Rows result = x;
  for (size_t i = 0; i < result.values.size(); ++i) result.values[i] *= y.values[i];
  return result;
}

Rows scale(const Rows &x, float factor) {
  Rows result = x;
  for (float &value : result.values) value *= factor;
  return result;
}

Rows bias(const Rows &x, const Weight &b) {
  Rows result = x;
  for (int64_t m = 0; m < x.rows; ++m)
    for (int64_t n = 0; n < x.columns; ++n) result.row(m)[n] += b.values[n];
  return result;
}

static float sigmoid(float x) { return 1 / (1 + std::exp(-x)); }

static float apply(ActivationKind kind, float x) {
  switch (kind) {
  case ActivationKind::SiLU:
    return x * sigmoid(x);
  case ActivationKind::GELU:
    return 0.5f * x * (1 + std::erf(x * 0.70710678f));
  case ActivationKind::GELUTanh:
    return 0.5f * x * (1 + std::tanh(0.79788456f * (x + 0.044715f * x * x * x)));
  case ActivationKind::ReLU:
    return std::max(x, 0.0f);
  case ActivationKind::Tanh:
    return std::tanh(x);
  case ActivationKind::Sigmoid:
    return sigmoid(x);
  }
  llvm_unreachable("all kinds are handled");
}

Rows activation(const Rows &x, ActivationKind kind) {
  Rows result = x;
  for (float &value : result.values) value = apply(kind, value);
  return result;
}

void roundTo(mlir::FloatType type, std::vector<float> &values) {
  if (type.isF32()) return;
  for (float &value : values) {
    llvm::APFloat number(value);
    bool inexact;
    number.convert(type.getFloatSemantics(), llvm::APFloat::rmNearestTiesToEven, &inexact);
    number.convert(llvm::APFloat::IEEEsingle(), llvm::APFloat::rmNearestTiesToEven, &inexact);
    value = number.convertToFloat();
  }
}

} // namespace lathe::interpreter

// How each fusable op emits itself, on f32 scalars or on vectors of any width.
#include "Lathe/LatheDialect.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/IR/Builders.h"

using namespace mlir;
using namespace lathe;

namespace {

/// Arithmetic on f32 of one shape, scalar or vector, at one place.
struct Arithmetic {
  OpBuilder &builder;
  Location loc;
  Type type;

  Arithmetic(OpBuilder &builder, Operation *op, Value like) : builder(builder), loc(op->getLoc()), type(like.getType()) {}

  Value constant(double number) {
    auto value = FloatAttr::get(builder.getF32Type(), number);
    if (auto vector = dyn_cast<VectorType>(type))
      return arith::ConstantOp::create(builder, loc, DenseElementsAttr::get(vector, Attribute(value)));
    return arith::ConstantOp::create(builder, loc, value);
  }
  Value add(Value a, Value b) { return arith::AddFOp::create(builder, loc, a, b); }
  Value sub(Value a, Value b) { return arith::SubFOp::create(builder, loc, a, b); }
  Value mul(Value a, Value b) { return arith::MulFOp::create(builder, loc, a, b); }
  Value div(Value a, Value b) { return arith::DivFOp::create(builder, loc, a, b); }
  Value fma(Value a, Value b, Value c) { return math::FmaOp::create(builder, loc, a, b, c); }
  Value max(Value a, Value b) { return arith::MaximumFOp::create(builder, loc, a, b); }
  Value sigmoid(Value x) {
    Value e = math::ExpOp::create(builder, loc, arith::NegFOp::create(builder, loc, x));
    return div(constant(1), add(constant(1), e));
  }
  Value tanh(Value x) { return math::TanhOp::create(builder, loc, x); }
  Value erf(Value x) { return math::ErfOp::create(builder, loc, x); }
  Value sqrt(Value x) { return math::SqrtOp::create(builder, loc, x); }
};

} // namespace

Locality AddOp::getLocality() { return Locality::Element; }
Value AddOp::emitElement(OpBuilder &builder, ValueRange operands, ValueRange) {
  return Arithmetic(builder, *this, operands[0]).add(operands[0], operands[1]);
}

Locality MulOp::getLocality() { return Locality::Element; }
Value MulOp::emitElement(OpBuilder &builder, ValueRange operands, ValueRange) {
  return Arithmetic(builder, *this, operands[0]).mul(operands[0], operands[1]);
}

Locality ScaleOp::getLocality() { return Locality::Element; }
Value ScaleOp::emitElement(OpBuilder &builder, ValueRange operands, ValueRange) {
  Arithmetic on(builder, *this, operands[0]);
  return on.mul(operands[0], on.constant(getFactor().convertToFloat()));
}

Locality BiasOp::getLocality() { return Locality::Element; }
Value BiasOp::emitElement(OpBuilder &builder, ValueRange operands, ValueRange) {
  return Arithmetic(builder, *this, operands[0]).add(operands[0], operands[1]);
}

Locality ConvertOp::getLocality() { return Locality::Element; }
Value ConvertOp::emitElement(OpBuilder &builder, ValueRange operands, ValueRange) {
  // Values travel as f32 inside a kernel: the rounding is what the op means.
  Type target = cast<RankedTensorType>(getResult().getType()).getElementType();
  if (target.isF32()) return operands[0];
  Type wide = operands[0].getType();
  Type narrow = isa<VectorType>(wide) ? Type(cast<VectorType>(wide).clone(target)) : target;
  Value rounded = arith::TruncFOp::create(builder, getLoc(), narrow, operands[0]);
  return arith::ExtFOp::create(builder, getLoc(), wide, rounded);
}

Locality ActivationOp::getLocality() { return Locality::Element; }
Value ActivationOp::emitElement(OpBuilder &builder, ValueRange operands, ValueRange) {
  Value x = operands[0];
  Arithmetic on(builder, *this, x);
  switch (getKind()) {
  case ActivationKind::SiLU: return on.mul(x, on.sigmoid(x));
  case ActivationKind::GELU: {
    Value phi = on.add(on.constant(1), on.erf(on.mul(x, on.constant(0.70710678118654752440))));
    return on.mul(on.mul(x, on.constant(0.5)), phi);
  }
  case ActivationKind::GELUTanh: {
    Value cubic = on.mul(on.mul(x, x), x);
    Value inner = on.mul(on.constant(0.79788456080286535588), on.fma(cubic, on.constant(0.044715), x));
    return on.mul(on.mul(x, on.constant(0.5)), on.add(on.constant(1), on.tanh(inner)));
  }
  case ActivationKind::ReLU: return on.max(x, on.constant(0));
  case ActivationKind::Tanh: return on.tanh(x);
  case ActivationKind::Sigmoid: return on.sigmoid(x);
  }
  llvm_unreachable("all kinds are handled");
}

Locality RMSNormOp::getLocality() { return Locality::Row; }
unsigned RMSNormOp::getNumReductions() { return 1; }
Value RMSNormOp::emitSummand(OpBuilder &builder, unsigned, ValueRange operands, ValueRange) {
  return Arithmetic(builder, *this, operands[0]).mul(operands[0], operands[0]);
}
Value RMSNormOp::emitScalar(OpBuilder &builder, unsigned, Value sum, int64_t columns) {
  Arithmetic on(builder, *this, sum);
  Value mean = on.div(sum, on.constant(double(columns)));
  return on.div(on.constant(1), on.sqrt(on.add(mean, on.constant(getEpsilon().convertToFloat()))));
}
Value RMSNormOp::emitElement(OpBuilder &builder, ValueRange operands, ValueRange scalars) {
  Arithmetic on(builder, *this, operands[0]);
  Value normal = on.mul(operands[0], scalars[0]);
  return getScale() ? on.mul(normal, operands[1]) : normal;
}

Locality LayerNormOp::getLocality() { return Locality::Row; }
unsigned LayerNormOp::getNumReductions() { return 2; }
Value LayerNormOp::emitSummand(OpBuilder &builder, unsigned index, ValueRange operands, ValueRange scalars) {
  if (index == 0) return operands[0];
  Arithmetic on(builder, *this, operands[0]);
  Value deviation = on.sub(operands[0], scalars[0]);
  return on.mul(deviation, deviation);
}
Value LayerNormOp::emitScalar(OpBuilder &builder, unsigned index, Value sum, int64_t columns) {
  Arithmetic on(builder, *this, sum);
  Value mean = on.div(sum, on.constant(double(columns)));
  if (index == 0) return mean;
  return on.div(on.constant(1), on.sqrt(on.add(mean, on.constant(getEpsilon().convertToFloat()))));
}
Value LayerNormOp::emitElement(OpBuilder &builder, ValueRange operands, ValueRange scalars) {
  Arithmetic on(builder, *this, operands[0]);
  Value normal = on.mul(on.sub(operands[0], scalars[0]), scalars[1]);
  return on.add(on.mul(normal, operands[1]), operands[2]);
}

Locality L2NormalizeOp::getLocality() { return Locality::Row; }
unsigned L2NormalizeOp::getNumReductions() { return 1; }
Value L2NormalizeOp::emitSummand(OpBuilder &builder, unsigned, ValueRange operands, ValueRange) {
  return Arithmetic(builder, *this, operands[0]).mul(operands[0], operands[0]);
}
Value L2NormalizeOp::emitScalar(OpBuilder &builder, unsigned, Value sum, int64_t) {
  Arithmetic on(builder, *this, sum);
  return on.div(on.constant(1), on.max(on.sqrt(sum), on.constant(getEpsilon().convertToFloat())));
}
Value L2NormalizeOp::emitElement(OpBuilder &builder, ValueRange operands, ValueRange scalars) {
  return Arithmetic(builder, *this, operands[0]).mul(operands[0], scalars[0]);
}

Locality RopeOp::getLocality() { return Locality::Pair; }
Value RopeOp::emitElement(OpBuilder &builder, ValueRange operands, ValueRange) {
  Arithmetic on(builder, *this, operands[0]);
  return on.add(on.mul(operands[0], operands[2]), on.mul(operands[1], operands[3]));
}

#include "Codegen/Kernel/MathExpansion.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/IR/Builders.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;

namespace {

/// Lane-wise arithmetic in the shape of one value.
class Lanes {
public:
  Lanes(Operation *op) : builder(op), loc(op->getLoc()), type(op->getOperand(0).getType()) {}

  Type shaped(Type element) {
    if (auto vector = dyn_cast<VectorType>(type)) return vector.clone(element);
    return element;
  }
  Value f32(double number) { return constant(builder.getF32FloatAttr(float(number))); }
  Value i32(int64_t number) { return constant(builder.getI32IntegerAttr(int32_t(number))); }

  Value add(Value a, Value b) { return arith::AddFOp::create(builder, loc, a, b); }
  Value sub(Value a, Value b) { return arith::SubFOp::create(builder, loc, a, b); }
  Value mul(Value a, Value b) { return arith::MulFOp::create(builder, loc, a, b); }
  Value div(Value a, Value b) { return arith::DivFOp::create(builder, loc, a, b); }
  Value fma(Value a, Value b, Value c) { return math::FmaOp::create(builder, loc, a, b, c); }
  Value abs(Value a) { return math::AbsFOp::create(builder, loc, a); }
  Value negate(Value a) { return arith::NegFOp::create(builder, loc, a); }
  Value withSign(Value a, Value sign) { return math::CopySignOp::create(builder, loc, a, sign); }
  Value round(Value a) { return math::RoundEvenOp::create(builder, loc, a); }
  Value less(Value a, Value b) {
    return arith::CmpFOp::create(builder, loc, arith::CmpFPredicate::OLT, a, b);
  }
  Value select(Value which, Value a, Value b) { return arith::SelectOp::create(builder, loc, which, a, b); }
  /// Horner's rule, the highest power first.
  Value polynomial(Value x, ArrayRef<double> coefficients) {
    Value sum = f32(coefficients.front());
    for (double coefficient : coefficients.drop_front()) sum = fma(sum, x, f32(coefficient));
    return sum;
  }

  Value toInt(Value a) { return arith::FPToSIOp::create(builder, loc, shaped(builder.getI32Type()), a); }
  Value addI(Value a, Value b) { return arith::AddIOp::create(builder, loc, a, b); }
  Value subI(Value a, Value b) { return arith::SubIOp::create(builder, loc, a, b); }
  Value andI(Value a, Value b) { return arith::AndIOp::create(builder, loc, a, b); }
  Value orI(Value a, Value b) { return arith::OrIOp::create(builder, loc, a, b); }
  Value lessI(Value a, Value b) {
    return arith::CmpIOp::create(builder, loc, arith::CmpIPredicate::slt, a, b);
  }
  Value shiftLeft(Value a, int64_t bits) { return arith::ShLIOp::create(builder, loc, a, i32(bits)); }
  Value shiftRight(Value a, int64_t bits) { return arith::ShRUIOp::create(builder, loc, a, i32(bits)); }
  Value halve(Value a) { return arith::ShRSIOp::create(builder, loc, a, i32(1)); }
  Value isSet(Value a, int64_t bit) {
    return arith::CmpIOp::create(builder, loc, arith::CmpIPredicate::ne, andI(a, i32(bit)), i32(0));
  }
  Value asInt(Value a) { return arith::BitcastOp::create(builder, loc, shaped(builder.getI32Type()), a); }
  Value asFloat(Value a) { return arith::BitcastOp::create(builder, loc, shaped(builder.getF32Type()), a); }
  /// 2^n for -126 <= n <= 127.
  Value powerOfTwo(Value n) { return asFloat(shiftLeft(addI(n, i32(127)), 23)); }

  Value exp(Value x);
  Value tanh(Value x);
  Value erf(Value x);
  Value sine(Value x, int64_t quarterTurns);
  Value toBf16(Value x);
  Value fromBf16(Value x);
  Value toF16(Value x);
  Value fromF16(Value x);

private:
  OpBuilder builder;
  Location loc;
  Type type;

  Value constant(TypedAttr scalar) {
    if (isa<VectorType>(type))
      return arith::ConstantOp::create(
          builder, loc,
          DenseElementsAttr::get(cast<VectorType>(shaped(scalar.getType())), Attribute(scalar)));
    return arith::ConstantOp::create(builder, loc, scalar);
  }
};

// x = n ln 2 + r, |r| <= ln 2 / 2; e^x = 2^n e^r, with 2^n in two factors so that neither overflows. What
// would be subnormal is 0: computing it costs a hundred cycles, and softmax asks for it at every masked key.
Value Lanes::exp(Value x) {
  Value vanishes = less(x, f32(-87.336));
  x = select(vanishes, f32(0), x);
  x = select(less(f32(89), x), f32(89), x);
  Value n = round(mul(x, f32(1.44269504088896341)));
  Value r = fma(n, f32(-0.693145751953125), x);
  r = fma(n, f32(-1.42860682030941723212e-6), r);
  // Minimax coefficients as in SLEEF's expf.
  Value p = polynomial(r, {0.000198527617612853646278381, 0.00139304355252534151077271,
                           0.00833336077630519866943359, 0.0416664853692054748535156,
                           0.166666671633720397949219, 0.5});
  p = add(fma(mul(r, r), p, r), f32(1));
  Value whole = toInt(n), half = halve(whole);
  return select(vanishes, f32(0), mul(mul(p, powerOfTwo(half)), powerOfTwo(subI(whole, half))));
}

// A polynomial near 0 (Cephes), else by e^2|x|.
Value Lanes::tanh(Value x) {
  Value magnitude = abs(x), z = mul(x, x);
  Value p = polynomial(
      z, {-5.70498872745e-3, 2.06390887954e-2, -5.37397155531e-2, 1.33314422036e-1, -3.33332819422e-1});
  Value small = fma(mul(p, z), x, x);
  Value e = exp(add(magnitude, magnitude));
  Value large = withSign(sub(f32(1), div(f32(2), add(e, f32(1)))), x);
  return select(less(magnitude, f32(0.625)), small, large);
}

// After N. Juffa: a polynomial near 0, else 1 - e^p(|x|).
Value Lanes::erf(Value x) {
  Value t = abs(x), s = mul(x, x);
  Value low = polynomial(
      s, {-5.96761703e-4, 4.99119423e-3, -2.67681349e-2, 1.12819925e-1, -3.76125336e-1, 1.28379166e-1});
  Value near = fma(low, x, x);
  Value r = fma(f32(-1.72853470e-5), t, f32(3.83197126e-4));
  Value u = fma(f32(-3.88396438e-3), t, f32(2.42546219e-2));
  r = fma(r, s, u);
  for (double coefficient : {-1.06777877e-1, -6.34846687e-1, -1.28717512e-1}) r = fma(r, t, f32(coefficient));
  r = fma(r, t, negate(t));
  Value far = withSign(sub(f32(1), exp(r)), x);
  return select(less(t, f32(0.927734375)), near, far);
}

// sin(x + quarterTurns pi/2), with r = x - n pi/2. Nothing here leans on a fused multiply-add, which Vulkan
// doesn't promise and without which r would be off by n 2^-24: pi/2 = c1 + c2 + c3, of which c1 and c2 have
// 14 bits, so that their products with 10 bits of n are exact, and so is what these leave of x down to the
// tail.
Value Lanes::sine(Value x, int64_t quarterTurns) {
  static constexpr double c1 = 0x3243p-13, c2 = 0x3daap-27, c3 = 9.92093579681e-10;
  Value n = round(mul(x, f32(0.63661977236758134308)));
  Value high = mul(round(mul(n, f32(0x1p-10))), f32(0x1p10)), low = sub(n, high);
  Value r = sub(x, mul(high, f32(c1)));
  r = sub(sub(r, mul(low, f32(c1))), mul(high, f32(c2)));
  r = sub(r, add(mul(low, f32(c2)), mul(n, f32(c3))));
  Value z = mul(r, r);
  auto horner = [&](double first, double second, double third) {
    return add(mul(add(mul(f32(first), z), f32(second)), z), f32(third));
  };
  Value sin = add(mul(mul(horner(-1.9515295891e-4, 8.3321608736e-3, -1.6666654611e-1), z), r), r);
  Value cos = mul(horner(2.443315711809948e-5, -1.388731625493765e-3, 4.166664568298827e-2), mul(z, z));
  cos = add(cos, sub(f32(1), mul(f32(0.5), z)));
  Value quadrant = addI(toInt(n), i32(quarterTurns));
  Value value = select(isSet(quadrant, 1), cos, sin);
  return select(isSet(quadrant, 2), negate(value), value);
}

Value Lanes::toBf16(Value x) {
  Value bits = asInt(x), odd = andI(shiftRight(bits, 16), i32(1));
  Value rounded = shiftRight(addI(addI(bits, i32(0x7fff)), odd), 16);
  Value isNan = arith::CmpFOp::create(builder, loc, arith::CmpFPredicate::UNO, x, x);
  Value half = arith::TruncIOp::create(builder, loc, shaped(builder.getI16Type()),
                                       select(isNan, i32(0x7fc0), rounded));
  return arith::BitcastOp::create(builder, loc, shaped(builder.getBF16Type()), half);
}

Value Lanes::fromBf16(Value x) {
  Value half = arith::BitcastOp::create(builder, loc, shaped(builder.getI16Type()), x);
  Value bits = arith::ExtUIOp::create(builder, loc, shaped(builder.getI32Type()), half);
  return asFloat(shiftLeft(bits, 16));
}

// Subnormal halves are made of normal floats on both ways: devices may take subnormal floats for 0.
Value Lanes::toF16(Value x) {
  Value bits = asInt(x), magnitude = andI(bits, i32(0x7fffffff));
  Value odd = andI(shiftRight(bits, 13), i32(1));
  Value normal = shiftRight(addI(addI(magnitude, i32(0xfff - (112 << 23))), odd), 13);
  Value small = subI(asInt(add(asFloat(magnitude), f32(0.5))), asInt(f32(0.5))); // 2^23 of the least half
  Value half = select(lessI(magnitude, i32(0x38800000)), small, normal);
  Value special = select(lessI(i32(0x7f800000), magnitude), i32(0x7e00), i32(0x7c00));
  half = select(lessI(magnitude, i32(0x47800000)), half, special);
  half = orI(half, andI(shiftRight(bits, 16), i32(0x8000)));
  half = arith::TruncIOp::create(builder, loc, shaped(builder.getI16Type()), half);
  return arith::BitcastOp::create(builder, loc, shaped(builder.getF16Type()), half);
}

Value Lanes::fromF16(Value x) {
  Value half = arith::BitcastOp::create(builder, loc, shaped(builder.getI16Type()), x);
  Value bits = arith::ExtUIOp::create(builder, loc, shaped(builder.getI32Type()), half);
  Value magnitude = andI(bits, i32(0x7fff)), shifted = shiftLeft(magnitude, 13);
  Value steps = arith::SIToFPOp::create(builder, loc, shaped(builder.getF32Type()), magnitude);
  Value value = select(lessI(magnitude, i32(0x400)), asInt(mul(steps, f32(0x1p-24))),
                       addI(shifted, i32(112 << 23)));
  value = select(lessI(magnitude, i32(0x7c00)), value, orI(shifted, i32(0x7f800000)));
  return asFloat(orI(value, shiftLeft(andI(bits, i32(0x8000)), 16)));
}

} // namespace

static Value expand(Operation *op) {
  Value x = op->getNumOperands() ? op->getOperand(0) : Value();
  if (!x || op->getNumResults() != 1) return {};
  bool single = getElementTypeOrSelf(x.getType()).isF32();
  bool toSingle = getElementTypeOrSelf(op->getResult(0).getType()).isF32();
  return llvm::TypeSwitch<Operation *, Value>(op)
      .Case([&](math::ExpOp) { return single ? Lanes(op).exp(x) : Value(); })
      .Case([&](math::TanhOp) { return single ? Lanes(op).tanh(x) : Value(); })
      .Case([&](math::ErfOp) { return single ? Lanes(op).erf(x) : Value(); })
      .Case([&](math::SinOp) { return single ? Lanes(op).sine(x, 0) : Value(); })
      .Case([&](math::CosOp) { return single ? Lanes(op).sine(x, 1) : Value(); })
      .Case([&](arith::TruncFOp) {
        return single && getElementTypeOrSelf(op->getResult(0).getType()).isBF16() ? Lanes(op).toBf16(x)
                                                                                   : Value();
      })
      .Case([&](arith::ExtFOp) {
        return toSingle && getElementTypeOrSelf(x.getType()).isBF16() ? Lanes(op).fromBf16(x) : Value();
      })
      .Default([](Operation *) { return Value(); });
}

void lathe::expandMath(Operation *root) {
  SmallVector<Operation *> ops;
  root->walk([&](Operation *op) {
    if (isa<math::ExpOp, math::TanhOp, math::ErfOp, math::SinOp, math::CosOp, arith::TruncFOp, arith::ExtFOp>(
            op))
      ops.push_back(op);
  });
  for (Operation *op : ops)
    if (Value value = expand(op)) {
      op->getResult(0).replaceAllUsesWith(value);
      op->erase();
    }
}

void lathe::expandHalfFloats(Operation *root) {
  SmallVector<Operation *> ops;
  root->walk([&](Operation *op) {
    if (isa<arith::TruncFOp, arith::ExtFOp>(op)) ops.push_back(op);
  });
  for (Operation *op : ops) {
    Value x = op->getOperand(0);
    Type from = getElementTypeOrSelf(x.getType()), to = getElementTypeOrSelf(op->getResult(0).getType());
    if (!(from.isF32() && to.isF16()) && !(from.isF16() && to.isF32())) continue;
    op->getResult(0).replaceAllUsesWith(to.isF16() ? Lanes(op).toF16(x) : Lanes(op).fromF16(x));
    op->erase();
  }
}

// What codes of at most 8 bits stand for: integers, tables, small floats.
#include "Codegen/Kernel/WeightDecode.h"

#include "llvm/ADT/APFloat.h"

using namespace mlir;
using namespace lathe;

static Value splatI32(KernelContext &context, Value like, uint32_t value) {
  auto type = cast<VectorType>(like.getType());
  auto number = APInt(32, value);
  return arith::ConstantOp::create(context.builder, context.loc, DenseElementsAttr::get(type, number));
}

Value lathe::shiftRight(KernelContext &context, Value vector, int64_t bits) {
  if (bits == 0) return vector;
  return arith::ShRUIOp::create(context.builder, context.loc, vector,
                                splatI32(context, vector, uint32_t(bits)));
}

Value lathe::shiftLeft(KernelContext &context, Value vector, int64_t bits) {
  if (bits == 0) return vector;
  return arith::ShLIOp::create(context.builder, context.loc, vector,
                               splatI32(context, vector, uint32_t(bits)));
}

Value lathe::maskBits(KernelContext &context, Value vector, uint32_t mask) {
  return context.andI(vector, splatI32(context, vector, mask));
}

Value lathe::shiftRightSigned(KernelContext &context, Value vector, int64_t bits) {
  if (bits == 0) return vector;
  return arith::ShRSIOp::create(context.builder, context.loc, vector,
                                splatI32(context, vector, uint32_t(bits)));
}

Value lathe::flipBits(KernelContext &context, Value vector, uint32_t bits) {
  return arith::XOrIOp::create(context.builder, context.loc, vector, splatI32(context, vector, bits));
}

static int64_t widthOf(Value vector) { return cast<VectorType>(vector.getType()).getDimSize(0); }

//===------------------------------------------------------------------------------------------------------------===//
// Small floats
//===------------------------------------------------------------------------------------------------------------===//

static float valueOfCode(FloatType type, uint64_t code) {
  APFloat value(type.getFloatSemantics(), APInt(type.getWidth(), code));
  bool inexact;
  value.convert(APFloat::IEEEsingle(), APFloat::rmNearestTiesToEven, &inexact);
  return value.convertToFloat();
}

/// Exponent and mantissa are moved to their places in an f32. Numbers below the smallest normal one are taken
/// as multiples of the smallest step instead, so that nothing hangs on how the processor treats denormals.
/// Infinities and NaN are never stored.
static Value smallFloats(KernelContext &context, FloatType type, Value codes) {
  Type floats = VectorType::get(widthOf(codes), context.builder.getF32Type());
  auto asFloat = [&](Value bits) {
    return arith::BitcastOp::create(context.builder, context.loc, floats, bits).getResult();
  };
  auto isZero = [&](Value bits) { return context.equals(bits, splatI32(context, bits, 0)); };
  if (isa<Float8E8M0FNUType>(type))
    return context.select(isZero(codes), context.splat(0x1p-127, widthOf(codes)),
                          asFloat(shiftLeft(context, codes, 23)));
  unsigned mantissa = APFloat::semanticsPrecision(type.getFloatSemantics()) - 1, width = type.getWidth();
  uint32_t sign = 1u << (width - 1);
  int exponentOfOne = std::ilogb(valueOfCode(type, uint64_t(1) << mantissa)) - 1; // of a stored exponent 0
  Value magnitude = maskBits(context, codes, sign - 1);
  Value shifted = shiftLeft(context, magnitude, 23 - mantissa);
  Value normal = asFloat(arith::AddIOp::create(
      context.builder, context.loc, shifted, splatI32(context, codes, uint32_t(exponentOfOne + 127) << 23)));
  Value steps = arith::SIToFPOp::create(context.builder, context.loc, floats, magnitude);
  Value small = context.mulF(steps, context.splat(valueOfCode(type, 1), widthOf(codes)));
  Value positive =
      context.select(isZero(maskBits(context, codes, (sign - 1) >> mantissa << mantissa)), small, normal);
  Value bits = arith::BitcastOp::create(context.builder, context.loc, codes.getType(), positive);
  Value signBit = shiftLeft(context, maskBits(context, codes, sign), 32 - width);
  return asFloat(context.orI(bits, signBit));
}

bool lathe::arePermuted(KernelContext &context, EncodingAttr encoding) {
  return int64_t(1) << encoding.getCodeBits() == context.permutedEntries();
}

Value lathe::permutedNumbers(KernelContext &context, EncodingAttr encoding, Value codes) {
  SmallVector<float> numbers(encoding.getTable());
  for (int64_t code = int64_t(numbers.size()); code < context.permutedEntries(); ++code) {
    auto integer = dyn_cast<IntegerType>(encoding.getCodes());
    if (integer)
      numbers.push_back(float(integer.isSigned() ? code - (int64_t(1) << (integer.getWidth() - 1)) : code));
    else
      numbers.push_back(valueOfCode(cast<FloatType>(encoding.getCodes()), uint64_t(code)));
  }
  return context.permute(numbers, codes);
}

Value lathe::codeNumbers(KernelContext &context, EncodingAttr encoding, Value codes) {
  if (!encoding.getTable().empty()) return context.lookUp(encoding.getTable(), codes);
  if (auto type = dyn_cast<FloatType>(encoding.getCodes())) return smallFloats(context, type, codes);
  auto integer = cast<IntegerType>(encoding.getCodes());
  if (integer.isSigned()) {
    Value bias = splatI32(context, codes, 1u << (integer.getWidth() - 1));
    codes = arith::SubIOp::create(context.builder, context.loc, codes, bias);
  }
  Type floats = VectorType::get(widthOf(codes), context.builder.getF32Type());
  return arith::SIToFPOp::create(context.builder, context.loc, floats, codes);
}

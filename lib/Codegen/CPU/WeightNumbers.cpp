// What codes of at most 8 bits stand for: integers, tables, small floats.
#include "Codegen/CPU/WeightDecode.h"

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
  return arith::AndIOp::create(context.builder, context.loc, vector, splatI32(context, vector, mask));
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

/// Lanes [first, first + count) of a vector; lanes behind its end repeat the last one.
static Value slice(KernelContext &context, Value vector, int64_t first, int64_t count) {
  SmallVector<int64_t> picked;
  for (int64_t i = 0; i < count; ++i) picked.push_back(std::min(first + i, widthOf(vector) - 1));
  return vector::ShuffleOp::create(context.builder, context.loc, vector, vector, picked);
}

//===------------------------------------------------------------------------------------------------------------===//
// Tables
//===------------------------------------------------------------------------------------------------------------===//

/// Entries [first, first + n) of the table by the low bits of n indices, n being the lanes of a register.
static Value permute(KernelContext &context, ArrayRef<float> table, size_t first, Value indices) {
  int64_t lanes = widthOf(indices);
  SmallVector<float> entries;
  for (int64_t i = 0; i < lanes; ++i) entries.push_back(table[(first + i) % table.size()]);
  auto type = VectorType::get(lanes, context.builder.getF32Type());
  Value constant = arith::ConstantOp::create(context.builder, context.loc,
                                             DenseElementsAttr::get(type, ArrayRef(entries)));
  StringRef name = lanes == 16 ? "llvm.x86.avx512.permvar.sf.512" : "llvm.x86.avx2.permps";
  return LLVM::CallIntrinsicOp::create(context.builder, context.loc, type,
                                       context.builder.getStringAttr(name), ValueRange{constant, indices})
      .getResults();
}

/// A permutation a register's worth of entries, chosen by the upper bits: no memory, so it works within a
/// vector.
static Value lookUp(KernelContext &context, ArrayRef<float> table, Value indices) {
  int64_t lanes = context.variant.f32Lanes(), width = widthOf(indices);
  if (width != lanes) {
    Value result;
    for (int64_t first = 0; first < width; first += lanes) {
      Value part = slice(context, lookUp(context, table, slice(context, indices, first, lanes)), 0,
                         std::min(lanes, width));
      SmallVector<int64_t> both = llvm::to_vector(llvm::seq<int64_t>(0, first + lanes));
      result = result
                   ? vector::ShuffleOp::create(context.builder, context.loc, result, part, both).getResult()
                   : part;
    }
    return result;
  }
  Value result = permute(context, table, 0, indices);
  for (size_t first = size_t(lanes); first < table.size(); first += size_t(lanes)) {
    Value above = arith::CmpIOp::create(context.builder, context.loc, arith::CmpIPredicate::uge, indices,
                                        splatI32(context, indices, uint32_t(first)));
    result = context.select(above, permute(context, table, first, indices), result);
  }
  return result;
}

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
  auto isZero = [&](Value bits) {
    return arith::CmpIOp::create(context.builder, context.loc, arith::CmpIPredicate::eq, bits,
                                 splatI32(context, bits, 0))
        .getResult();
  };
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
  return asFloat(arith::OrIOp::create(context.builder, context.loc, bits, signBit));
}

bool lathe::arePermuted(KernelContext &context, EncodingAttr encoding) {
  return int64_t(1) << encoding.getCodeBits() == context.variant.f32Lanes();
}

Value lathe::permutedNumbers(KernelContext &context, EncodingAttr encoding, Value codes) {
  SmallVector<float> numbers(encoding.getTable());
  for (int64_t code = int64_t(numbers.size()); code < context.variant.f32Lanes(); ++code) {
    auto integer = dyn_cast<IntegerType>(encoding.getCodes());
    if (integer)
      numbers.push_back(float(integer.isSigned() ? code - (int64_t(1) << (integer.getWidth() - 1)) : code));
    else
      numbers.push_back(valueOfCode(cast<FloatType>(encoding.getCodes()), uint64_t(code)));
  }
  return permute(context, numbers, 0, codes);
}

Value lathe::codeNumbers(KernelContext &context, EncodingAttr encoding, Value codes) {
  if (!encoding.getTable().empty()) return lookUp(context, encoding.getTable(), codes);
  if (auto type = dyn_cast<FloatType>(encoding.getCodes())) return smallFloats(context, type, codes);
  auto integer = cast<IntegerType>(encoding.getCodes());
  if (integer.isSigned()) {
    Value bias = splatI32(context, codes, 1u << (integer.getWidth() - 1));
    codes = arith::SubIOp::create(context.builder, context.loc, codes, bias);
  }
  Type floats = VectorType::get(widthOf(codes), context.builder.getF32Type());
  return arith::SIToFPOp::create(context.builder, context.loc, floats, codes);
}

#include "Codegen/CPU/LinearDot.h"

using namespace mlir;
using namespace lathe;

DotProducts::DotProducts(CpuContext &context, int64_t bits, TileShape shape, ValueRange sums)
    : on(context), bits(bits), shape(shape), sums(sums), pairs(sums.size()) {}

VectorType DotProducts::vector(int64_t elementBits) const {
  return VectorType::get(lanes() * 32 / elementBits, on.builder.getIntegerType(unsigned(elementBits)));
}

Value DotProducts::call(StringRef intrinsic, Type type, ValueRange operands) {
  return LLVM::CallIntrinsicOp::create(on.builder, on.loc, type, on.builder.getStringAttr(intrinsic),
                                       operands)
      .getResults();
}

static Value splat(CpuContext &on, VectorType type, int64_t value) {
  auto number = APInt(type.getElementTypeBitWidth(), uint64_t(value));
  return arith::ConstantOp::create(on.builder, on.loc, DenseElementsAttr::get(type, number));
}

DotProducts::Operand DotProducts::weights(Value words) {
  if (!widened()) return {vector::BitCastOp::create(on.builder, on.loc, vector(8), words), Value()};
  Value halves = vector::BitCastOp::create(on.builder, on.loc, vector(16), words);
  return {on.andI(halves, splat(on, vector(16), 255)),
          arith::ShRUIOp::create(on.builder, on.loc, halves, splat(on, vector(16), 8))};
}

DotProducts::Operand DotProducts::activations(Value pointer) {
  Value quad = on.splat(on.load(on.builder.getI32Type(), pointer, 4), lanes());
  if (!widened()) return {vector::BitCastOp::create(on.builder, on.loc, vector(8), quad), Value()};
  Value halves = vector::BitCastOp::create(on.builder, on.loc, vector(16), quad),
        eight = splat(on, vector(16), 8);
  Value even = arith::ShRSIOp::create(on.builder, on.loc,
                                      arith::ShLIOp::create(on.builder, on.loc, halves, eight), eight);
  return {even, arith::ShRSIOp::create(on.builder, on.loc, halves, eight)};
}

void DotProducts::multiply(int64_t row, int64_t column, Operand weights, Operand activations) {
  int64_t index = row * shape.vectors + column;
  if (on.variant.hasVnni) {
    StringRef name = lanes() == 16 ? "llvm.x86.avx512.vpdpbusd.512" : "llvm.x86.avx512.vpdpbusd.256";
    sums[index] = call(name, vector(32), {sums[index], weights.first, activations.first});
  } else if (widened()) {
    sums[index] =
        on.add(sums[index], call("llvm.x86.avx2.pmadd.wd", vector(32), {weights.first, activations.first}));
    sums[index] =
        on.add(sums[index], call("llvm.x86.avx2.pmadd.wd", vector(32), {weights.second, activations.second}));
  } else {
    Value pair = call("llvm.x86.avx2.pmadd.ub.sw", vector(16), {weights.first, activations.first});
    pairs[index] = pairs[index] ? on.add(pairs[index], pair) : pair;
  }
}

void DotProducts::endQuad() {
  if (on.variant.hasVnni || widened()) return;
  // A pair of products is at most 2 * 127 * (2^bits - 1).
  int64_t fit = 32767 / (2 * 127 * ((int64_t(1) << bits) - 1));
  if (++quadsInPairs >= std::min<int64_t>(fit, 16)) flush();
}

void DotProducts::flush() {
  for (auto [sum, pair] : llvm::zip(sums, pairs)) {
    if (!pair) continue;
    sum = on.add(sum, call("llvm.x86.avx2.pmadd.wd", vector(32), {pair, splat(on, vector(16), 1)}));
    pair = Value();
  }
  quadsInPairs = 0;
}

SmallVector<Value> DotProducts::finish() {
  flush();
  return sums;
}

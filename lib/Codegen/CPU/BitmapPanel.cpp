#include "Codegen/CPU/BitmapPanel.h"

using namespace mlir;
using namespace lathe;

/// Registers that are expanded at a time: a quad's four columns then meet in as many.
static constexpr int64_t kVectors = 4;
/// Bytes of codes between what is expanded and what is asked for: the processor loses the stream where products come
/// between.
static constexpr int64_t kAhead = 2048;

VectorType BitmapPanel::codesType() const {
  return VectorType::get(vectorCodes(), on.builder.getIntegerType(unsigned(width() * 8)));
}

VectorType BitmapPanel::bytesType() const { return VectorType::get(vectorBytes(), on.builder.getI8Type()); }

Value BitmapPanel::bytesConstant(llvm::function_ref<int64_t(int64_t)> byteAt) {
  SmallVector<int8_t> bytes;
  for (int64_t i = 0; i < vectorBytes(); ++i) bytes.push_back(int8_t(byteAt(i)));
  return arith::ConstantOp::create(on.builder, on.loc, DenseElementsAttr::get(bytesType(), ArrayRef(bytes)));
}

Value BitmapPanel::countOf(Value bits) {
  Value count = LLVM::CtPopOp::create(on.builder, on.loc, bits);
  if (bits.getType().isInteger(64)) return count;
  return arith::ExtUIOp::create(on.builder, on.loc, on.builder.getI64Type(), count);
}

/// AVX-512: codes in order go where bits are set. They are turned before and after, so that they come from a register:
/// with an operand in memory Zen 4 takes several times as long.
Value BitmapPanel::expandByInstruction(Value next, Value bits) {
  auto splat = [&](uint8_t code) -> Value {
    auto all = DenseElementsAttr::get(codesType(), APInt(unsigned(width() * 8), code));
    return arith::ConstantOp::create(on.builder, on.loc, all);
  };
  uint8_t zero = codes.codeOfZero(), turn = zero ? zero : 1;
  Value loaded = arith::XOrIOp::create(on.builder, on.loc, on.load(codesType(), next), splat(turn));
  Type flags = VectorType::get(vectorCodes(), on.builder.getI1Type());
  Value mask = LLVM::BitcastOp::create(on.builder, on.loc, flags, bits);
  Value expanded = LLVM::CallIntrinsicOp::create(on.builder, on.loc, codesType(),
                                                 on.builder.getStringAttr("llvm.x86.avx512.mask.expand"),
                                                 ValueRange{loaded, splat(zero ^ turn), mask})
                       .getResults();
  return arith::XOrIOp::create(on.builder, on.loc, expanded, splat(turn));
}

/// All ones in the bytes of the codes whose bit is not set.
Value BitmapPanel::missingBytes(Value bits) {
  int64_t maskBits = vectorCodes();
  auto repeated = VectorType::get(vectorBytes() * 8 / maskBits, bits.getType());
  Value bytes = vector::BroadcastOp::create(on.builder, on.loc, repeated, bits);
  bytes = vector::BitCastOp::create(on.builder, on.loc, bytesType(), bytes);
  SmallVector<int64_t> ownByte;
  for (int64_t i = 0; i < vectorBytes(); ++i) ownByte.push_back(i / 16 * 16 + i / width() / 8);
  bytes = vector::ShuffleOp::create(on.builder, on.loc, bytes, bytes, ownByte);
  Value ownBit = bytesConstant([&](int64_t i) { return 1 << i / width() % 8; });
  Value isMissing = on.equals(on.andI(bytes, ownBit), bytesConstant([](int64_t) { return 0; }));
  return arith::ExtSIOp::create(on.builder, on.loc, bytesType(), isMissing);
}

/// AVX2: each half of a register takes its codes by a shuffle. Which one is the number of bits that are set before:
/// a prefix sum within the half.
Value BitmapPanel::expandByShuffle(Value next, Value bits) {
  Type halfType = VectorType::get(16, on.builder.getI8Type());
  Value ofLowHalf = arith::ConstantOp::create(
      on.builder, on.loc, on.builder.getIntegerAttr(bits.getType(), (int64_t(1) << vectorCodes() / 2) - 1));
  Value inLowHalf = countOf(on.andI(bits, ofLowHalf));
  Value low = on.load(halfType, next), high = on.load(halfType, on.offset(next, on.mul(inLowHalf, width())));
  Value loaded = vector::ShuffleOp::create(on.builder, on.loc, low, high, llvm::to_vector(llvm::seq<int64_t>(0, 32)));

  Value missing = missingBytes(bits), zeros = bytesConstant([](int64_t) { return 0; });
  Value present = arith::XOrIOp::create(on.builder, on.loc, missing, bytesConstant([](int64_t) { return -1; }));
  Value ends = on.andI(present, bytesConstant([&](int64_t) { return width(); }));
  // Within 8 bytes by shifts, which run beside shuffles; then the sum of the lower 8 is added to the upper ones.
  auto longs = VectorType::get(4, on.builder.getI64Type());
  for (int64_t shift = width(); shift < 8; shift *= 2) {
    Value by = arith::ConstantOp::create(on.builder, on.loc, DenseElementsAttr::get(longs, APInt(64, 8 * shift)));
    Value moved = vector::BitCastOp::create(on.builder, on.loc, longs, ends);
    moved = arith::ShLIOp::create(on.builder, on.loc, moved, by);
    ends = on.add(ends, vector::BitCastOp::create(on.builder, on.loc, bytesType(), moved));
  }
  SmallVector<int64_t> lowerSum;
  for (int64_t i = 0; i < 32; ++i) lowerSum.push_back(i % 16 < 8 ? 32 : i / 16 * 16 + 8 - width() + i % width());
  ends = on.add(ends, vector::ShuffleOp::create(on.builder, on.loc, ends, zeros, lowerSum));
  // A control byte with its upper bit set gives zero.
  Value source = on.add(ends, bytesConstant([&](int64_t i) { return i % width() - width(); }));
  source = on.orI(source, missing);
  Value result = LLVM::CallIntrinsicOp::create(on.builder, on.loc, bytesType(),
                                               on.builder.getStringAttr("llvm.x86.avx2.pshuf.b"),
                                               ValueRange{loaded, source})
                     .getResults();
  if (uint8_t zero = codes.codeOfZero()) {
    Value fill = on.andI(missing, bytesConstant([&](int64_t) { return zero; }));
    result = on.orI(result, fill);
  }
  return vector::BitCastOp::create(on.builder, on.loc, codesType(), result);
}

std::pair<Value, Value> BitmapPanel::expandVector(Value next, Value mask) {
  Value bits = on.load(on.builder.getIntegerType(unsigned(vectorCodes())), mask);
  Value expanded = on.variant.hasExpand ? expandByInstruction(next, bits) : expandByShuffle(next, bits);
  return {expanded, countOf(bits)};
}

/// Vectors of [row][4 columns] as [column][row].
void BitmapPanel::storeColumns(ArrayRef<Value> vectors, Value position, Value target) {
  auto everyOther = [&](Value a, Value b, int64_t first) -> Value {
    SmallVector<int64_t> picked;
    for (int64_t i = 0; i < vectorCodes(); ++i) picked.push_back(2 * i + first);
    return vector::ShuffleOp::create(on.builder, on.loc, a, b, picked);
  };
  Value row = on.div(on.rem(position, kPanelRows * 4), 4), quad = on.div(position, kPanelRows * 4);
  Value at = on.offset(target, on.mul(on.add(on.mul(quad, kPanelRows * 4), row), width()));
  for (int64_t odd : {0, 1}) {
    Value front = everyOther(vectors[0], vectors[1], odd), back = everyOther(vectors[2], vectors[3], odd);
    for (int64_t upper : {0, 1})
      on.store(everyOther(front, back, upper), on.offset(at, (2 * upper + odd) * kPanelRows * width()), 32);
  }
}

Value BitmapPanel::expand(Value start, Value first, Value end, Value target) {
  Value mask = codes.mask(first);
  Value positions = on.mul(on.sub(end, first), kPanelRows);
  return on.forRange(on.i64(0), positions, kVectors * vectorCodes(), start, [&](Value position, ValueRange carried) {
    Value next = carried.front(), at = on.offset(mask, on.div(position, 8));
    on.prefetch(on.offset(at, kAhead / 4), 3);
    SmallVector<Value> vectors;
    for (int64_t v = 0; v < kVectors; ++v) {
      auto [expanded, count] = expandVector(next, on.offset(at, v * vectorCodes() / 8));
      vectors.push_back(expanded);
      on.prefetch(on.offset(next, kAhead), 3);
      next = on.offset(next, on.mul(count, width()));
    }
    if (width() > 1)
      storeColumns(vectors, position, target);
    else
      for (auto [v, vector] : llvm::enumerate(vectors))
        on.store(vector, on.offset(on.offset(target, position), int64_t(v) * vectorBytes()), 32);
    return SmallVector<Value>{next};
  }).front();
}

WeightDecode::ExpandedCodes BitmapPanel::expandedCodes(Value target, Value first) const {
  CpuContext &context = on;
  int64_t lanes = on.panelLanes();
  if (Type wide = codes.floatType())
    return [=, &context](Value column, Value lane) {
      Value element = context.add(context.mul(context.sub(column, first), kPanelRows), lane);
      return context.loadFloats(target, wide, element, lanes);
    };
  Value firstQuad = on.div(first, 4);
  return [=, &context](Value quad, Value lane) {
    Value word = context.add(context.mul(context.sub(quad, firstQuad), kPanelRows), lane);
    Type words = VectorType::get(lanes, context.builder.getI32Type());
    return context.load(words, context.offset(target, context.mul(word, 4)), 32);
  };
}

#include "Codegen/GPU/BitmapGroup.h"

#include "mlir/Dialect/Math/IR/Math.h"

using namespace mlir;
using namespace lathe;

/// Places that a thread fills at a time: four columns of two rows, a byte of the mask.
static constexpr int64_t kPlaces = 8;
static constexpr int64_t kWordPlaces = 32;

BitmapMemory BitmapMemory::share(GpuContext &on, unsigned bits, int64_t columns) {
  Type i32 = on.builder.getI32Type(), f32 = on.builder.getF32Type();
  return {on.shared(bits > 8 ? f32 : i32, codeEntries(bits, columns)), on.shared(i32, countEntries(columns))};
}

static Value widenIndex(GpuContext &on, Value i32) {
  return arith::ExtUIOp::create(on.builder, on.loc, on.builder.getI64Type(), i32);
}

static Value narrowIndex(GpuContext &on, Value i64) {
  return arith::TruncIOp::create(on.builder, on.loc, on.builder.getI32Type(), i64);
}

static Value countOf(GpuContext &on, Value word) { return math::CtPopOp::create(on.builder, on.loc, word); }

//===------------------------------------------------------------------------------------------------------===//
// How many codes stand before a place
//===------------------------------------------------------------------------------------------------------===//

/// Counts from number `from` to before number `to`.
Value BitmapGroup::sumCounts(Value from, Value to) const {
  return on.forRange(from, to, 1, on.i32(0), [&](Value index, ValueRange sum) {
    return SmallVector<Value>{on.add(on.loadShared(memory.counts, index), sum[0])};
  })[0];
}

/// Codes of each word of the mask, then of each run of words: few of both are added up for any place.
void BitmapGroup::countWords(Value mask, int64_t words) const {
  static constexpr int64_t kRun = BitmapMemory::kRun;
  on.forEach(words, [&](Value word) {
    Value bits = on.load(on.builder.getI32Type(), on.offset(mask, on.mul(word, 4)), 4);
    on.storeShared(countOf(on, bits), memory.counts, word);
  });
  on.barrier();
  on.forEach((words + kRun - 1) / kRun, [&](Value run) {
    Value first = on.mul(run, kRun), end = on.min(on.add(first, kRun), on.i64(words));
    on.storeShared(sumCounts(first, end), memory.counts, on.add(run, words));
  });
  on.barrier();
}

/// Codes before place `place` of 32 in the word of number `word`, whose bits are `bits`.
Value BitmapGroup::codesBefore(Value word, Value bits, Value place, int64_t words) const {
  static constexpr int64_t kRun = BitmapMemory::kRun;
  Value run = on.div(word, kRun);
  Value runs = sumCounts(on.i64(words), on.add(run, words)), whole = sumCounts(on.mul(run, kRun), word);
  Value one = on.i32(1);
  Value below = on.sub(arith::ShLIOp::create(on.builder, on.loc, one, place), one);
  Value inWord = countOf(on, on.andI(bits, below));
  return widenIndex(on, on.add(on.add(runs, whole), inWord));
}

//===------------------------------------------------------------------------------------------------------===//
// Codes in their places
//===------------------------------------------------------------------------------------------------------===//

/// Calls `each` for every place with the number of the code that stands there if its bit is set.
static void forPlaces(GpuContext &on, Value flags,
                      llvm::function_ref<void(int64_t place, Value code, Value isThere)> each) {
  Value code = on.i32(0), one = on.i32(1);
  for (int64_t place = 0; place < kPlaces; ++place) {
    Value bit = on.andI(arith::ShRUIOp::create(on.builder, on.loc, flags, on.i32(place)), one);
    Value isThere = on.equals(bit, one);
    each(place, widenIndex(on, code), isThere);
    code = on.add(code, bit);
  }
}

void BitmapGroup::placeBytes(Value next, Value flags, Value places) const {
  Value words[2] = {on.i32(0), on.i32(0)}, zero = on.i32(codes.codeOfZero());
  forPlaces(on, flags, [&](int64_t place, Value code, Value isThere) {
    Value byte = on.load(on.builder.getI8Type(), on.offset(next, code));
    byte = arith::ExtUIOp::create(on.builder, on.loc, on.builder.getI32Type(), byte);
    byte = arith::ShLIOp::create(on.builder, on.loc, on.select(isThere, byte, zero), on.i32(place % 4 * 8));
    words[place / 4] = on.orI(words[place / 4], byte);
  });
  Value firstWord = on.mul(places, 2);
  for (int64_t row : {0, 1}) on.storeShared(words[row], memory.codes, on.add(firstWord, row));
}

void BitmapGroup::placeFloats(Value next, Value flags, Value places) const {
  static constexpr int64_t kQuadPlaces = kPanelRows * 4 / kPlaces;
  Value firstRow = on.mul(on.rem(places, kQuadPlaces), 2), quad = on.div(places, kQuadPlaces);
  forPlaces(on, flags, [&](int64_t place, Value code, Value isThere) {
    Value stored = on.loadFloats(next, codes.floatType(), code, 1);
    Value number = on.select(isThere, vector::ExtractOp::create(on.builder, on.loc, stored, 0), on.f32(0));
    Value column = on.add(on.mul(quad, 4), place % 4);
    on.storeShared(number, memory.codes, on.add(on.mul(column, kPanelRows), on.add(firstRow, place / 4)));
  });
}

Value BitmapGroup::expand(Value start, Value first, int64_t columns) const {
  static constexpr int64_t kWordPieces = kWordPlaces / kPlaces;
  int64_t pieces = (columns + 3) / 4 * 4 * kPanelRows / kPlaces, words = pieces / kWordPieces;
  Value mask = codes.mask(first);
  on.barrier();
  countWords(mask, words);
  on.forEach(pieces, [&](Value piece) {
    Value word = on.div(piece, kWordPieces);
    Value bits = on.load(on.builder.getI32Type(), on.offset(mask, on.mul(word, 4)), 4);
    Value place = narrowIndex(on, on.mul(on.rem(piece, kWordPieces), kPlaces));
    Value next = on.offset(start, on.mul(codesBefore(word, bits, place, words), codes.width()));
    Value flags = arith::ShRUIOp::create(on.builder, on.loc, bits, place);
    codes.floatType() ? placeFloats(next, flags, piece) : placeBytes(next, flags, piece);
  });
  Value all = sumCounts(on.i64(words), on.i64(words + (words + BitmapMemory::kRun - 1) / BitmapMemory::kRun));
  on.barrier();
  return on.offset(start, on.mul(widenIndex(on, all), codes.width()));
}

WeightDecode::ExpandedCodes BitmapGroup::expandedCodes(Value first) const {
  GpuContext &context = on;
  Value stored = memory.codes;
  Type element = codes.floatType() ? Type(on.builder.getF32Type()) : Type(on.builder.getI32Type());
  Value firstIndex = codes.floatType() ? first : on.div(first, 4);
  return [=, &context](Value index, Value lane) {
    int64_t lanes = context.panelLanes();
    Value entry = context.add(context.mul(context.sub(index, firstIndex), kPanelRows), lane);
    auto type = VectorType::get(lanes, element);
    Value values = arith::ConstantOp::create(context.builder, context.loc, context.builder.getZeroAttr(type));
    for (int64_t i = 0; i < lanes; ++i)
      values = vector::InsertOp::create(context.builder, context.loc,
                                        context.loadShared(stored, context.add(entry, i)), values, i);
    return values;
  };
}

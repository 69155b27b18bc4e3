#include "Codegen/CPU/AttentionTile.h"

#include "mlir/Dialect/Math/IR/Math.h"

using namespace mlir;
using namespace lathe;

static constexpr int64_t kStep = CpuContext::kColumnStep;

static Value shuffle(CpuContext &on, Value a, Value b, ArrayRef<int64_t> mask) {
  return vector::ShuffleOp::create(on.builder, on.loc, a, b, mask);
}

/// `vector` with zeros behind it, `size` lanes.
static Value padded(CpuContext &on, Value vector, int64_t size = kStep) {
  int64_t width = cast<VectorType>(vector.getType()).getDimSize(0);
  if (width == size) return vector;
  SmallVector<int64_t> mask;
  for (int64_t i = 0; i < size; ++i) mask.push_back(i < width ? i : width);
  return shuffle(on, vector, on.splat(0.0, width), mask);
}

/// Widths that cover `columns` columns: whole steps, then halves.
static SmallVector<int64_t> widthsOf(int64_t columns) {
  SmallVector<int64_t> widths;
  for (int64_t width = kStep; columns; columns -= width) {
    while (width > columns) width /= 2;
    widths.push_back(width);
  }
  return widths;
}

/// Adds the lanes of four-lane groups of a and b: [a0+a2, b0+b2, a1+a3, b1+b3] and so on, by unpack
/// instructions.
static Value addHalves(CpuContext &on, Value a, Value b, bool pairs) {
  SmallVector<int64_t> low, high;
  for (int64_t lane = 0; lane < kStep; lane += 4) {
    int64_t other = kStep + lane;
    if (pairs)
      low.append({lane, lane + 1, other, other + 1}), high.append({lane + 2, lane + 3, other + 2, other + 3});
    else
      low.append({lane, other, lane + 1, other + 1}), high.append({lane + 2, other + 2, lane + 3, other + 3});
  }
  return on.addF(shuffle(on, a, b, low), shuffle(on, a, b, high));
}

/// The same on 128-bit groups: of four groups of a and b, the sums of some.
static Value addGroups(CpuContext &on, Value a, Value b, ArrayRef<int64_t> low, ArrayRef<int64_t> high) {
  auto lanes = [](ArrayRef<int64_t> groups) {
    SmallVector<int64_t> mask;
    for (int64_t group : groups)
      for (int64_t i = 0; i < 4; ++i) mask.push_back(4 * group + i);
    return mask;
  };
  return on.addF(shuffle(on, a, b, lanes(low)), shuffle(on, a, b, lanes(high)));
}

Value AttentionTile::floatAt(Value pointer, Value index) {
  return on.load(on.builder.getF32Type(), on.offset(pointer, on.mul(index, 4)), 4);
}

Value AttentionTile::keyRow(const KeyBlock &block, Value key) {
  if (block.lastReadable) key = on.min(key, block.lastReadable);
  return on.offset(block.keys, on.mul(key, block.keyStride));
}

//===------------------------------------------------------------------------------------------------------===//
// Scores
//===------------------------------------------------------------------------------------------------------===//

/// Four keys times all queries of the tile: per query one vector whose 128-bit groups each hold part of four
/// scores.
void AttentionTile::addQuad(const KeyBlock &block, Value query, Value firstKey, Value quad) {
  SmallVector<Value> rows;
  for (int64_t key = 0; key < 4; ++key) rows.push_back(keyRow(block, on.add(firstKey, key)));
  SmallVector<Value> sums(4 * tile);
  int64_t column = 0;
  for (int64_t width : widthsOf(dim)) {
    SmallVector<Value> queries;
    for (int64_t t = 0; t < tile; ++t)
      queries.push_back(
          on.loadFloats(queryPointer(query, t), on.builder.getF32Type(), on.i64(column), width));
    for (int64_t key = 0; key < 4; ++key) {
      Value keys = on.loadFloats(rows[key], block.element, on.i64(column), width);
      for (int64_t t = 0; t < tile; ++t) {
        Value &sum = sums[key * tile + t];
        if (!sum)
          sum = padded(on, on.mulF(keys, queries[t]));
        else if (width == kStep)
          sum = on.fma(keys, queries[t], sum);
        else
          sum = on.addF(sum, padded(on, on.mulF(keys, queries[t])));
      }
    }
    column += width;
  }
  Value to = on.offset(scratch.partial, on.mul(quad, tile * kStep * 4));
  for (int64_t t = 0; t < tile; ++t) {
    Value low = addHalves(on, sums[t], sums[tile + t], false);
    Value high = addHalves(on, sums[2 * tile + t], sums[3 * tile + t], false);
    on.store(addHalves(on, low, high, true), on.offset(to, t * kStep * 4), 4);
  }
}

void AttentionTile::scoresByRows(const KeyBlock &block, Value query, Value keys) {
  auto type = VectorType::get(kStep, on.builder.getF32Type());
  on.forRange(on.i64(0), keys, kStep, [&](Value first) {
    on.forRange(on.i64(0), on.i64(4), 1,
                [&](Value quad) { addQuad(block, query, on.add(first, on.mul(quad, 4)), quad); });
    for (int64_t t = 0; t < tile; ++t) {
      SmallVector<Value> parts;
      for (int64_t quad = 0; quad < 4; ++quad)
        parts.push_back(on.load(type, on.offset(scratch.partial, (quad * tile + t) * kStep * 4), 4));
      Value low = addGroups(on, parts[0], parts[1], {0, 1, 4, 5}, {2, 3, 6, 7});
      Value high = addGroups(on, parts[2], parts[3], {0, 1, 4, 5}, {2, 3, 6, 7});
      Value scores = addGroups(on, low, high, {0, 2, 4, 6}, {1, 3, 5, 7});
      on.storeFloats(scores, on.offset(scratch.scores, t * kBlockPositions * 4), on.builder.getF32Type(),
                     first);
    }
  });
}

/// A square transpose: each round turns the bits of (row, lane) by one.
static SmallVector<Value> transposed(CpuContext &on, SmallVector<Value> rows) {
  int64_t size = rows.size();
  SmallVector<int64_t> low, high;
  for (int64_t i = 0; i < size / 2; ++i) {
    low.append({i, size + i});
    high.append({size / 2 + i, size + size / 2 + i});
  }
  for (int64_t round = 1; round < size; round *= 2) {
    SmallVector<Value> next;
    for (int64_t i = 0; i < size / 2; ++i) {
      next.push_back(shuffle(on, rows[i], rows[i + size / 2], low));
      next.push_back(shuffle(on, rows[i], rows[i + size / 2], high));
    }
    rows = std::move(next);
  }
  return rows;
}

void AttentionTile::transposeKeys(const KeyBlock &block) {
  Type f32 = on.builder.getF32Type();
  // One register a row: nothing is added here, so the order of sums does not depend on it.
  int64_t size = on.variant.f32Lanes();
  on.forRange(on.i64(0), on.i64(kBlockPositions), size, [&](Value first) {
    SmallVector<Value> rows;
    for (int64_t key = 0; key < size; ++key) rows.push_back(keyRow(block, on.add(first, key)));
    on.forColumns(
        dim,
        [&](Value column, int64_t width) {
          SmallVector<Value> vectors;
          for (Value row : rows)
            vectors.push_back(padded(on, on.loadFloats(row, block.element, column, width), size));
          vectors = transposed(on, vectors);
          for (int64_t lane = 0; lane < width; ++lane) {
            Value to = on.offset(scratch.keysByColumn, on.mul(on.add(column, lane), kBlockPositions * 4));
            on.storeFloats(vectors[lane], to, f32, first);
          }
        },
        size);
  });
}

void AttentionTile::scoresByColumns(Value query, Value keys) {
  Type f32 = on.builder.getF32Type();
  int64_t vectors = registerVectors();
  on.forRange(on.i64(0), keys, vectors * kStep, [&](Value first) {
    SmallVector<Value> zeros(tile * vectors, on.splat(0.0, kStep));
    auto sums = on.forRange(on.i64(0), on.i64(dim), 1, zeros, [&](Value d, ValueRange carried) {
      SmallVector<Value> next;
      Value row = on.offset(scratch.keysByColumn, on.mul(d, kBlockPositions * 4));
      for (int64_t t = 0; t < tile; ++t) {
        Value element = on.splat(floatAt(queryPointer(query, t), d), kStep);
        for (int64_t v = 0; v < vectors; ++v) {
          Value column = on.loadFloats(row, f32, on.add(first, v * kStep), kStep);
          next.push_back(on.fma(column, element, carried[t * vectors + v]));
        }
      }
      return next;
    });
    for (int64_t t = 0; t < tile; ++t)
      for (int64_t v = 0; v < vectors; ++v)
        on.storeFloats(sums[t * vectors + v], on.offset(scratch.scores, t * kBlockPositions * 4), f32,
                       on.add(first, v * kStep));
  });
}

//===------------------------------------------------------------------------------------------------------===//
// Weights and values
//===------------------------------------------------------------------------------------------------------===//

/// Lanes first, first + 1, ... compared with the last key that counts.
static Value counts(CpuContext &on, int64_t first, Value limit) {
  SmallVector<int32_t> numbers;
  for (int64_t i = 0; i < kStep; ++i) numbers.push_back(int32_t(first + i));
  auto type = VectorType::get(kStep, on.builder.getI32Type());
  Value keys =
      arith::ConstantOp::create(on.builder, on.loc, DenseElementsAttr::get(type, ArrayRef<int32_t>(numbers)));
  Value narrow = arith::TruncIOp::create(on.builder, on.loc, on.builder.getI32Type(), limit);
  return arith::CmpIOp::create(on.builder, on.loc, arith::CmpIPredicate::sle, keys, on.splat(narrow, kStep));
}

void AttentionTile::softmax(Value query, Value index, Value limit) {
  Type f32 = on.builder.getF32Type();
  Value row = on.offset(scratch.scores, on.mul(index, kBlockPositions * 4));
  Value at = on.mul(on.add(query, index), 4);
  Value largestAt = on.offset(scratch.largest, at), totalAt = on.offset(scratch.totals, at);
  SmallVector<Value> scores;
  Value nothing = on.splat(-std::numeric_limits<double>::infinity(), kStep), largest;
  for (int64_t first = 0; first < kBlockPositions; first += kStep) {
    scores.push_back(
        on.select(counts(on, first, limit), on.loadFloats(row, f32, on.i64(first), kStep), nothing));
    largest = largest ? on.maxF(largest, scores.back()) : scores.back();
  }
  Value before = on.load(f32, largestAt, 4);
  Value now = on.maxF(before, on.maxLanes(largest));
  auto exponential = [&](Value x) -> Value { return math::ExpOp::create(on.builder, on.loc, x); };
  Value factor = exponential(on.subF(before, now)), total, shift = on.splat(now, kStep);
  for (int64_t step = 0; step < int64_t(scores.size()); ++step) {
    Value weight = exponential(on.subF(scores[step], shift));
    on.storeFloats(weight, row, f32, on.i64(step * kStep));
    total = total ? on.addF(total, weight) : weight;
  }
  on.store(now, largestAt, 4);
  on.store(on.fma(on.load(f32, totalAt, 4), factor, on.sumLanes(total)), totalAt, 4);
  on.store(factor, on.offset(scratch.factors, on.mul(index, 4)), 4);
}

void AttentionTile::addValuesTo(const KeyBlock &block, Value query, Value keys, int64_t column,
                                ArrayRef<int64_t> widths) {
  Type f32 = on.builder.getF32Type();
  auto sumsAt = [&](int64_t t) { return on.offset(scratch.sums, on.mul(on.add(query, t), dim * 4)); };
  auto forVectors = [&](llvm::function_ref<void(int64_t column, int64_t width)> body) {
    int64_t next = column;
    for (int64_t width : widths) body(next, width), next += width;
  };
  SmallVector<Value> initial;
  for (int64_t t = 0; t < tile; ++t) {
    Value factor = floatAt(scratch.factors, on.i64(t));
    forVectors([&](int64_t at, int64_t width) {
      initial.push_back(on.mulF(on.loadFloats(sumsAt(t), f32, on.i64(at), width), on.splat(factor, width)));
    });
  }
  auto sums = on.forRange(on.i64(0), keys, 1, initial, [&](Value key, ValueRange carried) {
    SmallVector<Value> values, next;
    Value row = on.offset(block.values, on.mul(key, block.valueStride));
    forVectors([&](int64_t at, int64_t width) {
      values.push_back(on.loadFloats(row, block.element, on.i64(at), width));
    });
    for (int64_t t = 0; t < tile; ++t) {
      Value weight = floatAt(on.offset(scratch.scores, t * kBlockPositions * 4), key);
      for (auto [index, width] : llvm::enumerate(widths))
        next.push_back(on.fma(values[index], on.splat(weight, width), carried[t * widths.size() + index]));
    }
    return next;
  });
  auto *next = sums.begin();
  for (int64_t t = 0; t < tile; ++t)
    forVectors([&](int64_t at, int64_t) { on.storeFloats(*next++, sumsAt(t), f32, on.i64(at)); });
}

void AttentionTile::addValues(const KeyBlock &block, Value query, Value keys) {
  SmallVector<int64_t> widths = widthsOf(dim);
  int64_t column = 0;
  for (size_t first = 0; first < widths.size();) {
    size_t count = std::min<size_t>(registerVectors(), widths.size() - first);
    ArrayRef<int64_t> some = ArrayRef(widths).slice(first, count);
    addValuesTo(block, query, keys, column, some);
    for (int64_t width : some) column += width;
    first += count;
  }
}

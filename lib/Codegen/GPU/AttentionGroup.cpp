#include "Codegen/GPU/AttentionGroup.h"

using namespace mlir;
using namespace lathe;

static Value extract(GpuContext &on, Value vector, int64_t lane) {
  return vector::ExtractOp::create(on.builder, on.loc, vector, lane);
}

AttentionGroup::AttentionGroup(GpuContext &on, const GpuAttentionPlan &plan)
    : on(on), plan(plan), op(plan.op), region(on) {
  Type f32 = on.builder.getF32Type();
  queries = on.shared(VectorType::get(4, f32), plan.queryVectors());
  partials = on.shared(f32, plan.partialFloats());
  weights = on.shared(f32, plan.weightFloats());
  ofLanes = on.shared(f32, plan.laneFloats());
  factors = on.shared(f32, plan.tile);
}

//===------------------------------------------------------------------------------------------------------===//
// Queries, keys and values
//===------------------------------------------------------------------------------------------------------===//

void AttentionGroup::placeThreads() {
  scoreKey = on.div(on.thread, plan.parts);
  scorePart = on.rem(on.thread, plan.parts);
  query = on.min(on.div(on.thread, plan.lanes()), on.i64(plan.tile - 1));
  lane = on.rem(on.thread, plan.lanes());
  keyPart = on.div(on.thread, plan.columnQuads());
  columnQuad = on.rem(on.thread, plan.columnQuads());
}

/// The last key that query `query` of the segment sees.
Value AttentionGroup::limitOf(Value query) {
  if (!op.getCausal()) return lastKey;
  return on.add(firstLimit, on.div(query, plan.group));
}

/// Tiles are whole: what is missing repeats the last query, and is not written.
Value AttentionGroup::clampQuery(Value query) {
  return on.min(on.add(firstQuery, query), on.sub(numQueries, on.i64(1)));
}

AttentionGroup::Head AttentionGroup::headOf(Value query) {
  Value inGroup = on.add(on.mul(head, plan.group), on.rem(query, plan.group));
  return {on.add(firstRow, on.div(query, plan.group)), on.mul(inGroup, plan.dim)};
}

/// Calls `body` with the columns of quad `quad`: four of them, or what is left of the head in powers of two.
static void forQuadColumns(GpuContext &on, const GpuAttentionPlan &plan, Value quad,
                           llvm::function_ref<void(int64_t first, int64_t width)> body) {
  int64_t rest = plan.dim % 4;
  if (!rest) return body(0, 4);
  Value whole = on.less(quad, on.i64(plan.wholeQuads())), last = on.equals(quad, on.i64(plan.wholeQuads()));
  on.ifThen(whole, [&] { body(0, 4); });
  on.ifThen(last, [&] {
    for (int64_t first = 0, width = 2; first < rest; first += width) {
      while (width > rest - first) width /= 2;
      body(first, width);
    }
  });
}

void AttentionGroup::loadQueries() {
  Value zeros = on.splat(0.0, 4), scale = on.splat(op.getScale().convertToDouble(), 4);
  auto load = [&](Head at, Value quad, int64_t first, int64_t width) {
    region.newPlace();
    Value column = on.add(at.column, on.add(on.mul(quad, 4), first));
    Value values = region.at(op.getQuery(), Place{at.row, column, width, std::nullopt});
    region.newPlace();
    return values;
  };
  on.forEach(plan.queryVectors(), [&](Value index) {
    Value quad = on.rem(index, plan.paddedQuads());
    Head at = headOf(clampQuery(on.div(index, plan.paddedQuads())));
    auto whole = [&] { return on.mulF(load(at, quad, 0, 4), scale); };
    auto rest = [&]() -> Value {
      if (plan.dim % 4 == 0) return zeros;
      auto some = [&] {
        Value vector = zeros;
        int64_t width = 2;
        for (int64_t first = 0; first < plan.dim % 4; first += width) {
          while (width > plan.dim % 4 - first) width /= 2;
          Value part = load(at, quad, first, width);
          for (int64_t i = 0; i < width; ++i)
            vector = vector::InsertOp::create(on.builder, on.loc, extract(on, part, i), vector, first + i);
        }
        return on.mulF(vector, scale);
      };
      return on.ifElse(on.equals(quad, on.i64(plan.wholeQuads())), some, [&] { return zeros; });
    };
    Value values = plan.paddedQuads() == plan.wholeQuads()
                       ? whole()
                       : on.ifElse(on.less(quad, on.i64(plan.wholeQuads())), whole, rest);
    on.storeShared(values, queries, index);
  });
}

AttentionGroup::KeyBlock AttentionGroup::cachedBlock(Value number) {
  BlockArgument state = on.stateArgument(op.getStateAttr());
  auto type = cast<StateType>(state.getType());
  int64_t heads = type.getShape()[1], rowBytes = plan.dim * type.getElementType().getIntOrFloatBitWidth() / 8;
  int64_t headBytes = kBlockPositions * rowBytes;
  Value keys = on.offset(on.statePointer(state, slot, number), on.mul(head, headBytes));
  return {
      keys, on.offset(keys, heads * headBytes), rowBytes, rowBytes, type.getElementType(), plan.dim % 4 == 0};
}

AttentionGroup::KeyBlock AttentionGroup::batchBlock(Value number) {
  Value row = on.add(sequenceFirst, on.mul(number, kBlockPositions));
  auto keys = *region.storedRow(op.getKeys(), row), values = *region.storedRow(op.getValues(), row);
  Type element = keys.slice.getElementType();
  Value column = on.mul(head, plan.dim * element.getIntOrFloatBitWidth() / 8);
  return {on.offset(keys.pointer, column),
          on.offset(values.pointer, column),
          keys.slice.getStride(),
          values.slice.getStride(),
          element,
          false};
}

/// Four columns of a row, zeros behind the last one.
Value AttentionGroup::loadQuad(const KeyBlock &block, Value row, Value quad) {
  unsigned bytes = block.element.getIntOrFloatBitWidth() / 8;
  Value column = on.mul(quad, 4);
  auto whole = [&] {
    return on.loadFloats(row, block.element, column, 4, block.aligned ? 4 * bytes : bytes);
  };
  if (plan.dim % 4 == 0) return whole();
  auto rest = [&] {
    Value vector = on.splat(0.0, 4);
    for (int64_t i = 0; i < plan.dim % 4; ++i) {
      Value one = on.loadFloats(row, block.element, on.add(column, i), 1);
      vector = vector::InsertOp::create(on.builder, on.loc, extract(on, one, 0), vector, i);
    }
    return vector;
  };
  return on.ifElse(on.less(quad, on.i64(plan.wholeQuads())), whole, rest);
}

//===------------------------------------------------------------------------------------------------------===//
// Results
//===------------------------------------------------------------------------------------------------------===//

void AttentionGroup::invertTotals(Value total) {
  on.ifThen(on.less(on.thread, on.i64(plan.laneFloats())),
            [&] { on.storeShared(total, ofLanes, on.add(on.mul(query, plan.lanes()), lane)); });
  on.barrier();
  on.forEach(plan.tile, [&](Value q) {
    Value sum;
    for (int64_t other = 0; other < plan.lanes(); ++other) {
      Value part = on.loadShared(ofLanes, on.add(on.mul(q, plan.lanes()), other));
      sum = sum ? on.addF(sum, part) : part;
    }
    on.storeShared(on.divF(on.f32(1), sum), factors, q);
  });
}

void AttentionGroup::writeQuery(Value query, Value quad, Value sum) {
  Head at = headOf(query);
  forQuadColumns(on, plan, quad, [&](int64_t first, int64_t width) {
    Value values = on.splat(0.0, width);
    for (int64_t i = 0; i < width; ++i)
      values = vector::InsertOp::create(on.builder, on.loc, extract(on, sum, first + i), values, i);
    Value column = on.add(at.column, on.add(on.mul(quad, 4), first));
    region.emitEpilogue(op, values, Place{at.row, column, width, std::nullopt});
  });
}

/// Four columns from place `first` on, of every part of the keys.
Value AttentionGroup::sumParts(Value first, int64_t stride) {
  SmallVector<Value> zeros(4, on.f32(0));
  auto sums = on.forRange(on.i64(0), on.i64(plan.keyParts()), 1, zeros, [&](Value part, ValueRange carried) {
    Value at = on.add(first, on.mul(part, stride));
    SmallVector<Value> next;
    for (int64_t i = 0; i < 4; ++i)
      next.push_back(on.addF(carried[i], on.loadShared(partials, on.add(at, i))));
    return next;
  });
  Value vector = on.splat(0.0, 4);
  for (int64_t i = 0; i < 4; ++i) vector = vector::InsertOp::create(on.builder, on.loc, sums[i], vector, i);
  return vector;
}

/// Sums of different parts of the keys meet in work-group memory, some queries at a time:
/// [part][query][column].
void AttentionGroup::writeResults(ArrayRef<Value> sums) {
  int64_t round = plan.roundQueries(), quads = plan.columnQuads();
  Value isPart = on.less(keyPart, on.i64(plan.keyParts()));
  for (int64_t from = 0; from < plan.tile; from += round) {
    on.barrier();
    on.ifThen(isPart, [&] {
      for (int64_t q = 0; q < round; ++q) {
        Value line = on.add(on.mul(keyPart, round), q);
        Value at = on.mul(on.add(on.mul(line, quads), columnQuad), 4);
        for (int64_t i = 0; i < 4; ++i)
          on.storeShared(extract(on, sums[from + q], i), partials, on.add(at, i));
      }
    });
    on.barrier();
    on.forEach(round * quads, [&](Value index) {
      Value q = on.add(on.div(index, quads), from), real = on.add(firstQuery, q);
      on.ifThen(on.less(real, numQueries), [&] {
        Value vector = sumParts(on.mul(index, 4), round * quads * 4);
        vector = on.mulF(vector, on.splat(on.loadShared(factors, q), 4));
        writeQuery(real, on.rem(index, quads), vector);
      });
    });
  }
}

/// Items are numbered tile by tile: neighbouring items differ in segment, thus in length.
void AttentionGroup::emitItem(Value item) {
  placeThreads();
  Value segments = on.batchCount(LATHE_BATCH(segments)), segment = on.rem(item, segments);
  Value tile = on.div(item, segments);
  head = on.div(tile, plan.tiles);
  firstQuery = on.mul(on.rem(tile, plan.tiles), plan.tile);
  firstRow = on.segmentField(segment, LATHE_SEGMENT(firstRow));
  slot = on.segmentField(segment, LATHE_SEGMENT(slot));
  sequenceFirst = on.segmentField(segment, LATHE_SEGMENT(sequenceFirstRow));
  lastKey = on.sub(on.segmentField(segment, LATHE_SEGMENT(sequenceRows)), on.i64(1));
  firstLimit =
      op.getStateAttr() ? on.segmentField(segment, LATHE_SEGMENT(position)) : on.sub(firstRow, sequenceFirst);
  numQueries = on.mul(on.segmentField(segment, LATHE_SEGMENT(rows)), plan.group);
  on.ifThen(on.less(firstQuery, numQueries), [&] {
    loadQueries();
    on.barrier();
    SmallVector<Value> carried = {on.f32(-std::numeric_limits<double>::infinity()), on.f32(0)};
    carried.append(plan.tile, on.splat(0.0, 4));
    Value blocks = on.add(on.div(limitOf(clampQuery(on.i64(plan.tile - 1))), kBlockPositions), 1);
    auto results = on.forRange(on.i64(0), blocks, 1, carried,
                               [&](Value number, ValueRange soFar) { return emitBlock(number, soFar); });
    on.barrier();
    invertTotals(results[1]);
    writeResults(ArrayRef(results).drop_front(2));
  });
}

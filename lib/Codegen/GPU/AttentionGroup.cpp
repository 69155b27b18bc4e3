#include "Codegen/GPU/AttentionGroup.h"

using namespace mlir;
using namespace lathe;

static Value extract(GpuContext &on, Value vector, int64_t lane) {
  return vector::ExtractOp::create(on.builder, on.loc, vector, lane);
}

AttentionGroup::AttentionGroup(GpuContext &on, const GpuAttentionPlan &plan)
    : on(on), plan(plan), op(plan.op), tile(on, plan) {
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

void AttentionGroup::loadQueries() {
  Value zeros = on.splat(0.0, 4), scale = on.splat(op.getScale().convertToDouble(), 4);
  FusedRegion &region = tile.region;
  auto load = [&](AttentionTile::Head at, Value quad, int64_t first, int64_t width) {
    region.newPlace();
    Value column = on.add(at.column, on.add(on.mul(quad, 4), first));
    Value values = region.at(op.getQuery(), Place{at.row, column, width, std::nullopt});
    region.newPlace();
    return values;
  };
  on.forEach(plan.queryVectors(), [&](Value index) {
    Value quad = on.rem(index, plan.paddedQuads());
    AttentionTile::Head at = tile.headOf(tile.clampQuery(on.div(index, plan.paddedQuads())));
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
  Value keys = on.offset(on.statePointer(state, tile.slot, number), on.mul(tile.head, headBytes));
  return {
      keys, on.offset(keys, heads * headBytes), rowBytes, rowBytes, type.getElementType(), plan.dim % 4 == 0};
}

AttentionGroup::KeyBlock AttentionGroup::batchBlock(Value number) {
  Value row = on.add(tile.sequenceFirst, on.mul(number, kBlockPositions));
  auto keys = *tile.region.storedRow(op.getKeys(), row), values = *tile.region.storedRow(op.getValues(), row);
  Type element = keys.slice.getElementType();
  Value column = on.mul(tile.head, plan.dim * element.getIntOrFloatBitWidth() / 8);
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

/// Calls `body` with the sum of each query's exponentials, each on one thread.
void AttentionGroup::forTotals(Value total, llvm::function_ref<void(Value query, Value total)> body) {
  on.ifThen(on.less(on.thread, on.i64(plan.laneFloats())),
            [&] { on.storeShared(total, ofLanes, on.add(on.mul(query, plan.lanes()), lane)); });
  on.barrier();
  on.forEach(plan.tile, [&](Value q) {
    Value sum;
    for (int64_t other = 0; other < plan.lanes(); ++other) {
      Value part = on.loadShared(ofLanes, on.add(on.mul(q, plan.lanes()), other));
      sum = sum ? on.addF(sum, part) : part;
    }
    body(q, sum);
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
/// [part][query][column]. `body` gets four columns of a query of the tile.
void AttentionGroup::forResults(ArrayRef<Value> sums,
                                llvm::function_ref<void(Value query, Value quad, Value sum)> body) {
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
      Value q = on.add(on.div(index, quads), from);
      on.ifThen(on.less(on.add(tile.firstQuery, q), tile.numQueries),
                [&] { body(q, on.rem(index, quads), sumParts(on.mul(index, 4), round * quads * 4)); });
    });
  }
}

void AttentionGroup::storeResults(ValueRange results) {
  forTotals(results[1], [&](Value q, Value total) { on.storeShared(on.divF(on.f32(1), total), factors, q); });
  forResults(SmallVector<Value>(results.drop_front(2)), [&](Value q, Value quad, Value sum) {
    tile.store(on.add(tile.firstQuery, q), quad, on.mulF(sum, on.splat(on.loadShared(factors, q), 4)));
  });
}

/// Leaves what the join needs in scratch.
void AttentionGroup::storePart(ValueRange results) {
  auto at = [&](int64_t offset, Value q) { return on.offset(on.offset(on.scratch, offset), on.mul(q, 4)); };
  Value isFirst = on.equals(lane, on.i64(0)), isPlaced = on.less(on.thread, on.i64(plan.laneFloats()));
  on.ifThen(isPlaced,
            [&] { on.ifThen(isFirst, [&] { on.store(results[0], at(plan.largestOffset(), query), 4); }); });
  forTotals(results[1], [&](Value q, Value total) { on.store(total, at(plan.totalOffset(), q), 4); });
  forResults(SmallVector<Value>(results.drop_front(2)), [&](Value q, Value quad, Value sum) {
    Value place = on.mul(on.add(on.mul(q, plan.columnQuads()), quad), 16);
    on.store(sum, on.offset(on.scratch, place), 16);
  });
}

void AttentionGroup::emitItem(Value item) {
  placeThreads();
  Value tiles = tile.count();
  tile.place(plan.splits == 1 ? item : on.rem(item, tiles));
  on.ifThen(on.less(tile.firstQuery, tile.numQueries), [&] {
    Value blocks = tile.blocks();
    if (plan.splits == 1) return storeResults(meetKeys(on.i64(0), blocks));
    Value size = tile.partBlocks(), first = on.mul(on.div(item, tiles), size);
    on.ifThen(on.less(first, blocks),
              [&] { storePart(meetKeys(first, on.min(on.add(first, size), blocks))); });
  });
}

/// The softmax and the sums over blocks [first, end).
SmallVector<Value> AttentionGroup::meetKeys(Value first, Value end) {
  loadQueries();
  on.barrier();
  // Finite, since a query may see no key of a part: its weights are zeros then, not exponentials of NaN.
  SmallVector<Value> carried = {on.f32(std::numeric_limits<float>::lowest()), on.f32(0)};
  carried.append(plan.tile, on.splat(0.0, 4));
  auto results = on.forRange(first, end, 1, carried,
                             [&](Value number, ValueRange soFar) { return emitBlock(number, soFar); });
  on.barrier();
  return results;
}

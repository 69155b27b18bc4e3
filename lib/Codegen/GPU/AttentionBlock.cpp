// One block of keys and values: threads take keys, then weights of a query, then columns.
#include "Codegen/GPU/AttentionGroup.h"

#include "mlir/Dialect/Math/IR/Math.h"

using namespace mlir;
using namespace lathe;

static Value extract(GpuContext &on, Value vector, int64_t lane) {
  return vector::ExtractOp::create(on.builder, on.loc, vector, lane);
}

static Value exponential(GpuContext &on, Value x) { return math::ExpOp::create(on.builder, on.loc, x); }

/// This thread's key and its part of the columns times all queries. Keys behind the last one repeat it:
/// nobody may have written theirs.
void AttentionGroup::storeScores(const KeyBlock &block, Value keys) {
  static constexpr int64_t kLoads = 8;
  Value key = on.min(scoreKey, on.sub(keys, on.i64(1)));
  Value row = on.offset(block.keys, on.mul(key, block.keyStride));
  auto addQuads = [&](Value first, int64_t count, ValueRange carried) {
    SmallVector<Value> scores(carried), quads, loaded;
    for (int64_t i = 0; i < count; ++i) {
      quads.push_back(on.add(scorePart, on.mul(on.add(first, i), plan.parts)));
      Value real = plan.paddedQuads() == plan.columnQuads()
                       ? quads.back()
                       : on.min(quads.back(), on.i64(plan.columnQuads() - 1));
      loaded.push_back(loadQuad(block, row, real));
    }
    for (auto [quad, values] : llvm::zip(quads, loaded))
      for (int64_t q = 0; q < plan.tile; ++q) {
        Value with = on.loadShared(queries, on.add(quad, q * plan.paddedQuads()));
        for (int64_t i = 0; i < 4; ++i)
          scores[q] = on.fma(extract(on, values, i), extract(on, with, i), scores[q]);
      }
    return scores;
  };
  SmallVector<Value> scores(plan.tile, on.f32(0));
  int64_t count = plan.partQuads(), whole = count / kLoads * kLoads;
  if (whole)
    scores = on.forRange(on.i64(0), on.i64(whole), kLoads, scores,
                         [&](Value first, ValueRange carried) { return addQuads(first, kLoads, carried); });
  if (whole < count) scores = addQuads(on.i64(whole), count - whole, scores);
  for (int64_t q = 0; q < plan.tile; ++q)
    on.storeShared(scores[q], partials, on.add(on.thread, q * plan.threads()));
}

/// Turns the scores of one query and some keys into weights. Keys that the query does not see count nothing.
AttentionGroup::Softmax AttentionGroup::weigh(Value first, Softmax before) {
  Value limit = on.sub(tile.limitOf(tile.clampQuery(query)), first),
        isPlaced = on.less(on.thread, on.i64(plan.laneFloats()));
  Value nothing = on.f32(-std::numeric_limits<double>::infinity()), largest = before.largest;
  SmallVector<Value> keys, scores;
  for (int64_t i = 0; i < plan.laneKeys(); ++i) {
    keys.push_back(on.add(lane, i * plan.lanes()));
    Value at = on.add(on.mul(query, plan.threads()), on.mul(keys.back(), plan.parts)), score;
    for (int64_t part = 0; part < plan.parts; ++part) {
      Value one = on.loadShared(partials, on.add(at, part));
      score = score ? on.addF(score, one) : one;
    }
    scores.push_back(on.select(on.less(limit, keys.back()), nothing, score));
    largest = on.maxF(scores.back(), largest);
  }
  Value line = on.mul(query, plan.lanes());
  on.ifThen(isPlaced, [&] { on.storeShared(largest, ofLanes, on.add(line, lane)); });
  on.barrier();
  for (int64_t other = 0; other < plan.lanes(); ++other)
    largest = on.maxF(on.loadShared(ofLanes, on.add(line, other)), largest);
  Value factor = exponential(on, on.subF(before.largest, largest)), total = on.mulF(before.total, factor);
  SmallVector<Value> exponents;
  for (Value score : scores) {
    exponents.push_back(exponential(on, on.subF(score, largest)));
    total = on.addF(total, exponents.back());
  }
  on.ifThen(isPlaced, [&] {
    for (auto [key, weight] : llvm::zip(keys, exponents))
      on.storeShared(weight, weights, on.add(on.mul(key, plan.tile), query));
    on.ifThen(on.equals(lane, on.i64(0)), [&] { on.storeShared(factor, factors, query); });
  });
  return {largest, total};
}

/// sums = sums * factor + weights . values, over this thread's part of the keys, for its columns.
SmallVector<Value> AttentionGroup::addValues(const KeyBlock &block, Value keys, ValueRange carried) {
  SmallVector<Value> sums;
  for (auto [q, sum] : llvm::enumerate(carried))
    sums.push_back(on.mulF(sum, on.splat(on.loadShared(factors, on.i64(int64_t(q))), 4)));
  int64_t parts = plan.keyParts(), unroll = GpuAttentionPlan::kUnroll;
  Value last = on.sub(keys, on.i64(1)), zero = on.f32(0);
  // Threads behind the last part have no keys.
  Value first = on.select(on.less(keyPart, on.i64(parts)), keyPart, keys);
  return on.forRange(first, keys, parts * unroll, sums, [&](Value key, ValueRange soFar) {
    SmallVector<Value> next(soFar), numbers, values;
    for (int64_t i = 0; i < unroll; ++i) {
      numbers.push_back(on.add(key, i * parts));
      Value row = on.offset(block.values, on.mul(on.min(numbers[i], last), block.valueStride));
      values.push_back(loadQuad(block, row, columnQuad));
    }
    for (int64_t i = 0; i < unroll; ++i) {
      Value isKey = on.less(numbers[i], keys), at = on.mul(on.min(numbers[i], last), plan.tile);
      for (int64_t q = 0; q < plan.tile; ++q) {
        Value weight = on.select(isKey, on.loadShared(weights, on.add(at, q)), zero);
        next[q] = on.fma(values[i], on.splat(weight, 4), next[q]);
      }
    }
    return next;
  });
}

SmallVector<Value> AttentionGroup::emitBlock(Value number, ValueRange carried) {
  KeyBlock block = op.getStateAttr() ? cachedBlock(number) : batchBlock(number);
  Value first = on.mul(number, kBlockPositions);
  Value keys = on.min(on.add(on.sub(tile.lastSeen(), first), 1), on.i64(kBlockPositions));
  storeScores(block, keys);
  on.barrier();
  Softmax now = weigh(first, {carried[0], carried[1]});
  on.barrier();
  SmallVector<Value> next = {now.largest, now.total};
  llvm::append_range(next, addValues(block, keys, carried.drop_front(2)));
  return next;
}

#include "Codegen/GPU/AttentionJoin.h"

#include "mlir/Dialect/Math/IR/Math.h"

using namespace mlir;
using namespace lathe;

AttentionJoin::AttentionJoin(GpuContext &on, const GpuAttentionPlan &plan)
    : on(on), plan(plan), tile(on, plan) {
  Type f32 = on.builder.getF32Type();
  weights = on.shared(f32, plan.splits);
  sums = on.shared(VectorType::get(4, f32), plan.joinLanes() * plan.columnQuads());
}

/// One of the query's numbers of a part.
Value AttentionJoin::loadNumber(Value part, int64_t offset) {
  Value scratch = on.offset(tile.scratchOf(on.scratch, part, number), offset);
  return on.load(on.builder.getF32Type(), on.offset(scratch, on.mul(query, 4)), 4);
}

/// Leaves what each part counts among all, and returns by what the sum is to be divided.
Value AttentionJoin::weighParts() {
  Value lowest = on.f32(std::numeric_limits<float>::lowest());
  Value largest = on.forRange(on.thread, parts, on.threads(), lowest, [&](Value part, ValueRange carried) {
    return SmallVector<Value>{on.maxF(loadNumber(part, plan.largestOffset()), carried[0])};
  })[0];
  largest = on.foldThreads(Fold::Max, largest);
  Value total = on.forRange(on.thread, parts, on.threads(), on.f32(0), [&](Value part, ValueRange carried) {
    Value below = on.subF(loadNumber(part, plan.largestOffset()), largest);
    Value weight = math::ExpOp::create(on.builder, on.loc, below);
    on.storeShared(weight, weights, part);
    return SmallVector<Value>{on.fma(weight, loadNumber(part, plan.totalOffset()), carried[0])};
  })[0];
  return on.foldThreads(Fold::Sum, total);
}

/// This thread's column quad, summed over its share of the parts.
Value AttentionJoin::addParts() {
  static constexpr int64_t kLoads = 4;
  int64_t lanes = plan.joinLanes();
  Value lane = on.div(on.thread, plan.columnQuads()), quad = on.rem(on.thread, plan.columnQuads());
  Value at = on.mul(on.add(on.mul(query, plan.columnQuads()), quad), 16), last = on.sub(parts, on.i64(1));
  auto type = VectorType::get(4, on.builder.getF32Type());
  // Threads behind the last lane have no parts.
  Value first = on.select(on.less(lane, on.i64(lanes)), lane, parts);
  return on.forRange(first, parts, lanes * kLoads, on.splat(0.0, 4), [&](Value part, ValueRange carried) {
    SmallVector<Value> numbers, loaded;
    for (int64_t i = 0; i < kLoads; ++i) {
      numbers.push_back(on.add(part, i * lanes));
      Value scratch = tile.scratchOf(on.scratch, on.min(numbers[i], last), number);
      loaded.push_back(on.load(type, on.offset(scratch, at), 16));
    }
    Value sum = carried[0];
    for (int64_t i = 0; i < kLoads; ++i) {
      Value weight = on.loadShared(weights, on.min(numbers[i], last));
      weight = on.select(on.less(numbers[i], parts), weight, on.f32(0));
      sum = on.fma(loaded[i], on.splat(weight, 4), sum);
    }
    return SmallVector<Value>{sum};
  })[0];
}

void AttentionJoin::emitItem(Value item) {
  Value tiles = tile.count();
  number = on.rem(item, tiles);
  query = on.div(item, tiles);
  tile.place(number);
  Value inSegment = on.add(tile.firstQuery, query);
  on.ifThen(on.less(inSegment, tile.numQueries), [&] {
    parts = tile.partsWithKeys();
    Value total = weighParts(), sum = addParts();
    int64_t quads = plan.columnQuads(), lanes = plan.joinLanes();
    on.ifThen(on.less(on.thread, on.i64(lanes * quads)), [&] { on.storeShared(sum, sums, on.thread); });
    on.barrier();
    on.forEach(quads, [&](Value quad) {
      Value all = on.loadShared(sums, quad);
      for (int64_t lane = 1; lane < lanes; ++lane)
        all = on.addF(all, on.loadShared(sums, on.add(quad, lane * quads)));
      tile.store(inSegment, quad, on.divF(all, on.splat(total, 4)));
    });
  });
}

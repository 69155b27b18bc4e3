#include "Codegen/GPU/AttentionTile.h"

using namespace mlir;
using namespace lathe;

Value AttentionTile::count() {
  return on.mul(on.batchCount(LATHE_BATCH(segments)), int64_t(op.getKvHeads()) * plan.tiles);
}

void AttentionTile::place(Value number) {
  Value segments = on.batchCount(LATHE_BATCH(segments)), segment = on.rem(number, segments);
  Value tile = on.div(number, segments);
  head = on.div(tile, plan.tiles);
  firstQuery = on.mul(on.rem(tile, plan.tiles), plan.tile);
  firstRow = on.segmentField(segment, LATHE_SEGMENT(firstRow));
  slot = on.segmentField(segment, LATHE_SEGMENT(slot));
  sequenceFirst = on.segmentField(segment, LATHE_SEGMENT(sequenceFirstRow));
  lastKey = on.sub(on.segmentField(segment, LATHE_SEGMENT(sequenceRows)), on.i64(1));
  firstLimit =
      op.getStateAttr() ? on.segmentField(segment, LATHE_SEGMENT(position)) : on.sub(firstRow, sequenceFirst);
  numQueries = on.mul(on.segmentField(segment, LATHE_SEGMENT(rows)), plan.group);
}

Value AttentionTile::clampQuery(Value query) {
  return on.min(on.add(firstQuery, query), on.sub(numQueries, on.i64(1)));
}

Value AttentionTile::limitOf(Value query) {
  if (!op.getCausal()) return lastKey;
  return on.add(firstLimit, on.div(query, plan.group));
}

Value AttentionTile::partsWithKeys() {
  Value size = partBlocks();
  return on.div(on.add(blocks(), on.sub(size, on.i64(1))), size);
}

Value AttentionTile::scratchOf(Value scratch, Value part, Value number) {
  return on.offset(scratch, on.mul(on.add(on.mul(part, count()), number), plan.scratchBytes()));
}

AttentionTile::Head AttentionTile::headOf(Value query) {
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

void AttentionTile::store(Value query, Value quad, Value values) {
  Head at = headOf(query);
  forQuadColumns(on, plan, quad, [&](int64_t first, int64_t width) {
    Value part = on.splat(0.0, width);
    for (int64_t i = 0; i < width; ++i) {
      Value one = vector::ExtractOp::create(on.builder, on.loc, values, first + i);
      part = vector::InsertOp::create(on.builder, on.loc, one, part, i);
    }
    Value column = on.add(at.column, on.add(on.mul(quad, 4), first));
    region.emitEpilogue(op, part, Place{at.row, column, width, std::nullopt});
  });
}

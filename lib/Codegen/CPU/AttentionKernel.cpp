// Attention as one pass over the keys, in blocks of 64 positions, with the softmax corrected on the way (Dao
// et al. 2022). A work item is one segment of rows for one KV head and serves all its query heads, so that
// the cache is read once. Items are numbered head by head: neighbouring items differ in segment, thus in
// length.
#include "Codegen/CPU/AttentionKernel.h"

#include "Codegen/CPU/AttentionTile.h"
#include "Codegen/Kernel/FusedRegion.h"

using namespace mlir;
using namespace lathe;

/// Queries that share each key's row once it is loaded, where many rows meet a block of keys.
static constexpr int64_t kManyTile = 4;
/// Rows of a segment from which on keys are worth transposing.
static constexpr int64_t kManyRows = 6;

/// For few rows: equal tiles of at most four queries.
static int64_t fewTile(int64_t queries) {
  int64_t tiles = llvm::divideCeil(queries, 4);
  return llvm::divideCeil(queries, tiles);
}

static int64_t maxQueries(AttentionOp op) {
  return llvm::alignTo(kSegmentRows * queriesPerHead(op), kManyTile * 3);
}

static AttentionScratch layOut(AttentionOp op, llvm::function_ref<Value(int64_t bytes)> take) {
  int64_t queries = maxQueries(op), dim = headColumns(op);
  AttentionScratch scratch;
  scratch.queries = take(queries * dim * 4);
  scratch.sums = take(queries * dim * 4);
  scratch.largest = take(queries * 4);
  scratch.totals = take(queries * 4);
  scratch.scores = take(kManyTile * kBlockPositions * 4);
  scratch.factors = take(kManyTile * 4);
  scratch.partial = take(4 * kManyTile * CpuContext::kColumnStep * 4);
  scratch.keysByColumn = take(dim * kBlockPositions * 4);
  return scratch;
}

namespace {

class AttentionEmitter {
public:
  AttentionEmitter(CpuContext &on, AttentionOp op)
      : on(on), op(op), region(on), group(queriesPerHead(op)), dim(headColumns(op)) {
    int64_t used = 0;
    scratch = layOut(op, [&](int64_t bytes) {
      Value pointer = on.atStart([&] { return on.offset(on.scratch, used); });
      used += llvm::alignTo(bytes, 64);
      return pointer;
    });
  }

  void emitItem(Value item) {
    Value segments = on.batchCount(LATHE_BATCH(segments)), segment = on.rem(item, segments);
    head = on.div(item, segments);
    rows = on.segmentField(segment, LATHE_SEGMENT(rows));
    firstRow = on.segmentField(segment, LATHE_SEGMENT(firstRow));
    slot = on.segmentField(segment, LATHE_SEGMENT(slot));
    sequenceFirst = on.segmentField(segment, LATHE_SEGMENT(sequenceFirstRow));
    Value sequenceRows = on.segmentField(segment, LATHE_SEGMENT(sequenceRows));
    lastKey = on.sub(sequenceRows, on.i64(1));
    firstLimit = op.getStateAttr() ? on.segmentField(segment, LATHE_SEGMENT(position))
                                   : on.sub(firstRow, sequenceFirst);
    queries = on.mul(rows, group);
    Value many = on.less(on.i64(kManyRows - 1), rows);
    on.ifThen(many, [&] { emitPass(kManyTile, true); });
    Value few = on.less(rows, on.i64(kManyRows));
    on.ifThen(few, [&] { emitPass(fewTile(group), false); });
    writeResults();
  }

private:
  CpuContext &on;
  AttentionOp op;
  FusedRegion region;
  int64_t group, dim; // query heads per KV head; columns of a head
  AttentionScratch scratch;
  Value head, rows, firstRow, slot, sequenceFirst, lastKey, firstLimit, queries;

  /// The last key that query `query` sees.
  Value limitOf(Value query) {
    if (!op.getCausal()) return lastKey;
    return on.add(firstLimit, on.div(query, group));
  }
  Value lastQuery() { return on.sub(queries, on.i64(1)); }

  void emitPass(int64_t tileSize, bool many) {
    AttentionTile tile(on, scratch, dim, tileSize);
    // Tiles are whole: what is missing repeats the last query, and is not written.
    Value padded = on.mul(on.div(on.add(queries, tileSize - 1), tileSize), tileSize);
    loadQueries(padded);
    Value blocks = on.add(on.div(limitOf(lastQuery()), kBlockPositions), 1);
    on.forRange(on.i64(0), blocks, 1, [&](Value number) {
      KeyBlock block = op.getStateAttr() ? cachedBlock(number) : batchBlock(number);
      Value first = on.mul(number, kBlockPositions);
      if (many) tile.transposeKeys(block);
      on.forRange(on.i64(0), padded, tileSize, [&](Value query) {
        Value last = on.sub(limitOf(on.min(on.add(query, tileSize - 1), lastQuery())), first);
        on.ifThen(on.less(on.i64(-1), last),
                  [&] { emitTile(tile, tileSize, many, block, query, first, last); });
      });
    });
  }

  void emitTile(AttentionTile &tile, int64_t tileSize, bool many, const KeyBlock &block, Value query,
                Value first, Value last) {
    // Keys behind the last one may never have been written: a weight of 0 would not undo their NaNs.
    Value keys = on.min(on.add(last, 1), on.i64(kBlockPositions));
    if (many)
      tile.scoresByColumns(query, keys);
    else
      tile.scoresByRows(block, query, keys);
    on.forRange(on.i64(0), on.i64(tileSize), 1, [&](Value index) {
      Value limit = on.sub(limitOf(on.min(on.add(query, index), lastQuery())), first);
      tile.softmax(query, index, limit);
    });
    tile.addValues(block, query, keys);
  }

  void loadQueries(Value padded) {
    Type f32 = on.builder.getF32Type();
    on.forRange(on.i64(0), padded, 1, [&](Value query) {
      Value real = on.min(query, lastQuery());
      Value row = on.add(firstRow, on.div(real, group));
      Value column = on.mul(on.add(on.mul(head, group), on.rem(real, group)), dim);
      Value to = on.offset(scratch.queries, on.mul(query, dim * 4)),
            sums = on.offset(scratch.sums, on.mul(query, dim * 4));
      on.forColumns(dim, [&](Value d, int64_t width) {
        region.newPlace();
        Value values = region.at(op.getQuery(), Place{row, on.add(column, d), width, std::nullopt});
        on.storeFloats(on.mulF(values, on.splat(op.getScale().convertToDouble(), width)), to, f32, d);
        on.storeFloats(on.splat(0.0, width), sums, f32, d);
      });
      region.newPlace();
      Value at = on.mul(query, 4);
      on.store(on.f32(-std::numeric_limits<double>::infinity()), on.offset(scratch.largest, at), 4);
      on.store(on.f32(0), on.offset(scratch.totals, at), 4);
    });
  }

  KeyBlock cachedBlock(Value number) {
    BlockArgument state = on.stateArgument(op.getStateAttr());
    auto type = cast<StateType>(state.getType());
    int64_t heads = type.getShape()[1], rowBytes = dim * type.getElementType().getIntOrFloatBitWidth() / 8;
    int64_t headBytes = kBlockPositions * rowBytes;
    Value keys = on.offset(on.statePointer(state, slot, number), on.mul(head, headBytes));
    return {keys, on.offset(keys, heads * headBytes), rowBytes, rowBytes, type.getElementType(), Value()};
  }

  KeyBlock batchBlock(Value number) {
    Value first = on.mul(number, kBlockPositions), row = on.add(sequenceFirst, first);
    auto keys = *region.storedRow(op.getKeys(), row), values = *region.storedRow(op.getValues(), row);
    Type element = keys.slice.getElementType();
    Value column = on.mul(head, dim * element.getIntOrFloatBitWidth() / 8);
    return {on.offset(keys.pointer, column),
            on.offset(values.pointer, column),
            keys.slice.getStride(),
            values.slice.getStride(),
            element,
            on.sub(lastKey, first)};
  }

  void writeResults() {
    on.forRange(on.i64(0), queries, 1, [&](Value query) {
      Value row = on.add(firstRow, on.div(query, group));
      Value column = on.mul(on.add(on.mul(head, group), on.rem(query, group)), dim);
      Value total = on.load(on.builder.getF32Type(), on.offset(scratch.totals, on.mul(query, 4)), 4);
      Value inverse = on.divF(on.f32(1), total), sums = on.offset(scratch.sums, on.mul(query, dim * 4));
      on.forColumns(dim, [&](Value d, int64_t width) {
        Value values = on.loadFloats(sums, on.builder.getF32Type(), d, width);
        values = on.mulF(values, on.splat(inverse, width));
        region.emitEpilogue(op, values, Place{row, on.add(column, d), width, std::nullopt});
      });
    });
  }
};

} // namespace

FailureOr<SmallVector<KernelClass>> lathe::planAttention(exec::KernelOp kernel, int64_t maxRows) {
  AttentionOp op = attentionOf(kernel);
  if (failed(checkAttention(kernel))) return failure();
  KernelClass only{maxRows, {{GridKind::Constant, uint32_t(op.getKvHeads())}, {GridKind::Segments, 1}}, 0};
  layOut(op, [&](int64_t bytes) {
    only.scratchBytes += llvm::alignTo(bytes, 64);
    return Value();
  });
  return SmallVector<KernelClass>{only};
}

LogicalResult lathe::emitAttention(KernelContext &base) {
  CpuContext &context = CpuContext::of(base);
  AttentionEmitter emitter(context, attentionOf(context.kernel));
  context.forItems([&](Value item) { emitter.emitItem(item); });
  return success();
}

#include "Codegen/GPU/TensorRows.h"

using namespace mlir;
using namespace lathe;

TensorRows::TensorRows(const LinearGroup &group, const TensorTile &tile)
    : group(group), on(group.on), tile(tile), stages(group, tile) {
  Value lane = on.rem(on.thread, 32), warp = on.div(on.thread, 32);
  at.warpRow = on.mul(on.div(warp, tile.warpsAcross()), tile.warpRows());
  at.warpLine = on.mul(on.rem(warp, tile.warpsAcross()), kPanelRows / tile.warpsAcross());
  at.row = on.div(lane, 4);
  at.word = on.rem(lane, 4);
  at.column = on.mul(at.word, 2);

  Value row = on.rem(lane, MatrixTile::kRows);
  rowsAt = on.mul(on.add(at.warpRow, row), tile.lineBytes());
  halfLine = on.div(lane, MatrixTile::kRows);
  turn = stages.swizzled(row, on.i64(0));
}

void TensorRows::run() {
  Value last = on.i64(stages.count() - 1);
  stages.fetch(on.i64(0), [] {});
  SmallVector<Value> sums(size_t(tile.weights * tile.rowTiles() * tile.outputTiles() * 4), on.f32(0));
  if (stages.count() > 1)
    sums = on.forRange(on.i64(0), last, 1, sums, [&](Value number, ValueRange carried) {
      SmallVector<Value> next(carried);
      stages.fetch(on.add(number, 1), [&] { multiply(number, next); });
      return next;
    });
  multiply(last, sums);
  on.barrier(); // results take the stages' place
  storeSums(sums);
  on.barrier();
}

void TensorRows::multiply(Value number, MutableArrayRef<Value> sums) {
  for (int64_t part = 0; part < tile.parts(); ++part) multiplyPart(number, part, sums);
}

MutableArrayRef<Value> TensorRows::sumsOf(MutableArrayRef<Value> sums, int64_t weight, int64_t rowTile,
                                          int64_t outputTile, int64_t tiles) const {
  int64_t number = (weight * tile.rowTiles() + rowTile) * tile.outputTiles() + outputTile;
  return sums.slice(size_t(number * 4), size_t(tiles * 4));
}

SmallVector<SmallVector<TileRows>> TensorRows::loadRows(Value number, int64_t part) {
  SmallVector<SmallVector<TileRows>> rows;
  for (int64_t depth = 0; depth < depths(); ++depth) {
    rows.emplace_back();
    int64_t piece = 2 * (part * depths() + depth);
    Value inLine = on.mul(arith::XOrIOp::create(on.builder, on.loc, on.add(halfLine, piece), turn), 16);
    for (int64_t rowTile = 0; rowTile < tile.rowTiles(); ++rowTile) {
      Value tileAt = stages.addressOf(number, rowTile * MatrixTile::kRows * tile.lineBytes());
      rows.back().push_back(loadTileRows(on, on.offset(on.offset(tileAt, rowsAt), inLine)));
    }
  }
  return rows;
}

void TensorRows::storeSums(MutableArrayRef<Value> sums) {
  for (int64_t weight = 0; weight < tile.weights; ++weight)
    for (int64_t rowTile = 0; rowTile < tile.rowTiles(); ++rowTile)
      for (int64_t outputTile = 0; outputTile < tile.outputTiles(); ++outputTile)
        for (int64_t half : {0, 1}) {
          ArrayRef<Value> of = sumsOf(sums, weight, rowTile, outputTile);
          int64_t inWarp = rowTile * MatrixTile::kRows + half * MatrixTile::kRows / 2;
          storeLines(of[size_t(2 * half)], of[size_t(2 * half + 1)], weight,
                     on.add(on.add(at.warpRow, at.row), inWarp), outputTile);
        }
}

/// The results of two neighbouring lines of weights.
void TensorRows::storeLines(Value first, Value second, int64_t weight, Value row, int64_t outputTile) {
  auto store = [&](ArrayRef<Value> values, Value output) {
    Type type = VectorType::get(int64_t(values.size()), on.builder.getF32Type());
    group.storeResults(vector::FromElementsOp::create(on.builder, on.loc, type, values), weight, row, output);
  };
  int64_t line = outputTile * MatrixTile::kColumns;
  if (!tile.warpgroup) return store({first, second}, on.add(on.add(at.warpLine, at.column), line));
  // Line [i][quad] is output [quad][i]; a thread's lines are of one i.
  Value output = on.mul(at.column, GpuLinearPlan::kThreadOutputs);
  store(first, on.add(output, tile.outputOf(line)));
  store(second, on.add(output, tile.outputOf(line + 1)));
}

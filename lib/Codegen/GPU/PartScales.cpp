#include "Codegen/GPU/PartScales.h"

using namespace mlir;
using namespace lathe;

/// Sum i of a tile belongs to the first or the second of the lane's rows.
static size_t rowOf(int64_t rowTile, int64_t i) { return size_t(rowTile * 2 + i / 2); }

PartScales::PartScales(GpuContext &on, const TensorTile &tile, TensorStages &stages, const TensorLane &at,
                       Value number, int64_t part)
    : on(on), tile(tile), stages(stages), at(at), number(number), part(part) {
  if (!tile.isInteger()) return;
  for (int64_t rowTile = 0; rowTile < tile.rowTiles(); ++rowTile) loadInput(rowTile);
}

Value PartScales::asFloat(Value number) const {
  return arith::SIToFPOp::create(on.builder, on.loc, on.builder.getF32Type(), number);
}

void PartScales::loadInput(int64_t rowTile) {
  Value factor =
      arith::ConstantOp::create(on.builder, on.loc, on.builder.getI32IntegerAttr(int32_t(-stages.bias())));
  for (int64_t half : {0, 1}) {
    int64_t row = part * tile.rows + rowTile * MatrixTile::kRows + half * MatrixTile::kRows / 2;
    Value byte = on.mul(on.add(on.add(at.warpRow, at.row), row), 4);
    auto entry = [&](Type type, int64_t place) {
      return on.load(type, on.offset(stages.addressOf(number, place), byte), 4);
    };
    inputScales.push_back(entry(on.builder.getF32Type(), tile.inputScalesAt()));
    Value sum = entry(on.builder.getI32Type(), tile.inputSumsAt());
    starts.push_back(on.mul(sum, factor));
    if (tile.offset) inputSums.push_back(asFloat(sum));
  }
}

void PartScales::sumInput(ArrayRef<SmallVector<TileRows>> rows) {
  int32_t one = tile.numbers == TileNumbers::Bf16 ? 0x3f803f80 : 0x3c003c00;
  Value ones = arith::ConstantOp::create(on.builder, on.loc, on.builder.getI32IntegerAttr(one));
  for (int64_t rowTile = 0; rowTile < tile.rowTiles(); ++rowTile) {
    TileSums sums;
    sums.fill(on.f32(0));
    for (const SmallVector<TileRows> &depth : rows)
      sums = multiplyTile(on, tile.numbers, depth[size_t(rowTile)], {ones, ones}, sums);
    inputSums.push_back(sums[0]);
    inputSums.push_back(sums[2]);
  }
}

void PartScales::load(int64_t weight, int64_t outputTile) {
  if (!tile.partColumns) return;
  Value line = on.add(on.add(at.warpLine, at.column), part * kPanelRows + outputTile * MatrixTile::kColumns);
  auto pair = [&](int64_t place) {
    Type type = VectorType::get(2, on.builder.getF32Type());
    Value both = on.load(type, on.offset(stages.addressOf(number, place), on.mul(line, 4)), 8);
    auto one = [&](int64_t i) { return vector::ExtractOp::create(on.builder, on.loc, both, i).getResult(); };
    return std::array<Value, 2>{one(0), one(1)};
  };
  if (tile.scaled) scale = pair(tile.scalesAt(weight));
  if (tile.offset) offset = pair(tile.offsetsAt(weight));
}

TileSums PartScales::start(int64_t rowTile, ArrayRef<Value> sums) const {
  if (!tile.partColumns) return {sums[0], sums[1], sums[2], sums[3]};
  TileSums dots;
  for (int64_t i = 0; i < 4; ++i) dots[size_t(i)] = tile.isInteger() ? starts[rowOf(rowTile, i)] : on.f32(0);
  return dots;
}

/// `factor`, of a weight or null, times the scale of x.
Value PartScales::scaled(Value factor, int64_t rowTile, int64_t i) const {
  if (!tile.isInteger()) return factor;
  Value input = inputScales[rowOf(rowTile, i)];
  return factor ? on.mulF(factor, input) : input;
}

void PartScales::add(int64_t rowTile, TileSums dots, MutableArrayRef<Value> sums) const {
  for (int64_t i = 0; i < 4; ++i) {
    Value &sum = sums[size_t(i)], dot = dots[size_t(i)];
    if (!tile.partColumns) {
      sum = dot;
      continue;
    }
    if (tile.isInteger()) dot = asFloat(dot);
    sum = on.fma(dot, scaled(scale[size_t(i % 2)], rowTile, i), sum);
    if (tile.offset)
      sum = on.fma(inputSums[rowOf(rowTile, i)], scaled(offset[size_t(i % 2)], rowTile, i), sum);
  }
}

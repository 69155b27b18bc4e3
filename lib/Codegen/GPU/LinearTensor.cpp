// Many rows on matrix units: the products of a part, warp by warp or of all four warps together.
#include "Codegen/GPU/LinearTensor.h"

#include "Codegen/GPU/TensorRows.h"
#include "Codegen/GPU/WarpgroupUnits.h"

using namespace mlir;
using namespace lathe;

namespace {

/// Each warp multiplies tiles (MatrixTile), whose operands it reads into registers.
class WarpRows final : public TensorRows {
public:
  WarpRows(const LinearGroup &group, const TensorTile &tile) : TensorRows(group, tile) {
    Value line = on.add(at.warpLine, at.row);
    columnAt = on.mul(on.add(on.mul(at.word, TensorTile::kWordPitch), line), 4);
  }

private:
  Value columnAt; ///< where this lane's words of B begin in those of a weight

  TileColumns loadColumns(Value number, int64_t weight, int64_t outputTile, int64_t depth) {
    TileColumns words;
    for (int64_t half : {0, 1}) {
      int64_t word = depth * MatrixTile::kWords + half * MatrixTile::kWords / 2;
      int64_t entry = word * TensorTile::kWordPitch + outputTile * MatrixTile::kColumns;
      Value address = on.offset(stages.addressOf(number, tile.weightsAt(weight) + 4 * entry), columnAt);
      words[size_t(half)] = on.load(on.builder.getI32Type(), address, 4);
    }
    return words;
  }

  void multiplyPart(Value number, int64_t part, MutableArrayRef<Value> sums) override {
    SmallVector<SmallVector<TileRows>> rows = loadRows(number, part);
    PartScales scales(on, tile, stages, at, number, part);
    if (tile.sumsInput()) scales.sumInput(rows);
    for (int64_t weight = 0; weight < tile.weights; ++weight)
      for (int64_t outputTile = 0; outputTile < tile.outputTiles(); ++outputTile) {
        SmallVector<TileColumns> columns;
        for (int64_t depth = 0; depth < depths(); ++depth)
          columns.push_back(loadColumns(number, weight, outputTile, part * depths() + depth));
        scales.load(weight, outputTile);
        for (int64_t rowTile = 0; rowTile < tile.rowTiles(); ++rowTile) {
          MutableArrayRef<Value> of = sumsOf(sums, weight, rowTile, outputTile);
          TileSums dots = scales.start(rowTile, of);
          for (size_t depth = 0; depth < columns.size(); ++depth)
            dots = multiplyTile(on, tile.numbers, rows[depth][size_t(rowTile)], columns[depth], dots);
          scales.add(rowTile, dots, of);
        }
      }
  }
};

/// All four warps multiply one tile (WarpgroupTile), whose operands stay in work-group memory.
class WarpgroupRows final : public TensorRows {
public:
  using TensorRows::TensorRows;

private:
  SmallVector<WarpgroupOperands> operands(Value number, int64_t weight, int64_t part) {
    SmallVector<WarpgroupOperands> products;
    for (int64_t depth = part * depths(); depth < (part + 1) * depths(); ++depth) {
      int64_t inLine = depth * MatrixTile::kWords * 4;
      auto describe = [&](int64_t place) {
        return describeMatrix(on, stages.addressOf(number, place + inLine), tile.lineBytes());
      };
      products.push_back({describe(0), describe(tile.weightsAt(weight))});
    }
    return products;
  }

  void multiplyPart(Value number, int64_t part, MutableArrayRef<Value> sums) override {
    PartScales scales(on, tile, stages, at, number, part);
    if (tile.sumsInput()) scales.sumInput(loadRows(number, part));
    for (int64_t weight = 0; weight < tile.weights; ++weight) {
      ArrayRef<Value> soFar = sumsOf(sums, weight, 0, 0, tile.outputTiles());
      SmallVector<Value> dots = multiplyWarpgroup(on, tile.numbers, operands(number, weight, part),
                                                  tile.partColumns ? ArrayRef<Value>() : soFar);
      for (int64_t outputTile = 0; outputTile < tile.outputTiles(); ++outputTile) {
        MutableArrayRef<Value> of = sumsOf(sums, weight, 0, outputTile);
        TileSums tileDots, start = scales.start(0, of);
        for (size_t i = 0; i < 4; ++i) {
          Value dot = dots[size_t(outputTile) * 4 + i];
          tileDots[i] = tile.isInteger() ? on.add(dot, start[i]) : dot;
        }
        scales.load(weight, outputTile);
        scales.add(0, tileDots, of);
      }
    }
  }
};

} // namespace

std::optional<TensorTile> lathe::tensorTile(GpuContext &on, FusedRegion &region, const GpuLinearPlan &plan,
                                            Value lastRow) {
  LinearOp op = plan.op;
  if (!plan.fitsMatrixUnits) return std::nullopt;
  std::optional<TensorTile> tile;
  if (on.variant.matrixUnits.warpgroups) tile = planWarpgroupTile(plan, plan.itemRows);
  if (!tile) tile = planTensorTile(plan, plan.itemRows);
  if (!canMultiplyTiles(on.variant, tile->numbers)) return std::nullopt;
  int64_t aligned = on.knownAlignment(region.storedRow(op.getInput(), lastRow)->pointer);
  if (aligned < 4) return std::nullopt;
  tile->copyBytes = std::min<int64_t>(aligned, 16);
  return tile;
}

void lathe::emitTensorRows(const LinearGroup &group, const TensorTile &tile) {
  if (tile.warpgroup) return WarpgroupRows(group, tile).run();
  WarpRows(group, tile).run();
}

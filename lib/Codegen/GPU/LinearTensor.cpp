// Many rows on matrix units: four warps multiply a panel of outputs by some rows of x, stage by stage of
// columns. While one stage is multiplied, the next one comes. Sums stay in registers to the end.
#include "Codegen/GPU/LinearTensor.h"

#include "Codegen/GPU/TensorStages.h"

using namespace mlir;
using namespace lathe;

namespace {

/// Where this thread stands in its warp's tiles (MatrixTile).
struct Lane {
  Value row;    ///< of A and C, the first of its two
  Value word;   ///< of A and B, the first of its two
  Value column; ///< of C, the first of its two
};

class TensorRows {
public:
  TensorRows(const LinearGroup &group, const TensorTile &tile)
      : group(group), on(group.on), tile(tile), stages(group, tile) {
    Value lane = on.rem(on.thread, 32), warp = on.div(on.thread, 32);
    warpRow = on.mul(on.div(warp, tile.warpsAcross()), TensorTile::kWarpRows);
    warpOutput = on.mul(on.rem(warp, tile.warpsAcross()), kPanelRows / tile.warpsAcross());
    at = {on.div(lane, 4), on.rem(lane, 4), on.mul(on.rem(lane, 4), 2)};
    prepareFragments(lane);
  }

  void run() {
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

private:
  const LinearGroup &group;
  GpuContext &on;
  const TensorTile &tile;
  TensorStages stages;
  Value warpRow, warpOutput; ///< the first of this warp
  Lane at;

  Value rowsAt;   ///< where this lane's words of A begin in a stage
  Value halfLine; ///< their half of a tile's words: its piece of 16 bytes
  Value turn;     ///< what their pieces are swizzled by
  Value columnAt; ///< where this lane's words of B begin in those of a weight

  void prepareFragments(Value lane) {
    Value row = on.rem(lane, MatrixTile::kRows);
    rowsAt = on.mul(on.add(warpRow, row), tile.lineBytes());
    halfLine = on.div(lane, MatrixTile::kRows);
    turn = stages.swizzled(row, on.i64(0));
    Value output = on.add(warpOutput, at.row);
    columnAt = on.mul(on.add(on.mul(at.word, TensorTile::kWordPitch), output), 4);
  }

  TileRows loadRows(Value number, int64_t rowTile, int64_t depth) {
    Value piece = arith::XOrIOp::create(on.builder, on.loc, on.add(halfLine, 2 * depth), turn);
    Value line = on.offset(stages.addressOf(number, rowTile * MatrixTile::kRows * tile.lineBytes()), rowsAt);
    return loadTileRows(on, on.offset(line, on.mul(piece, 16)));
  }

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

  /// A tile's sums among those that are carried: [weight][tile of rows][tile of outputs][4].
  MutableArrayRef<Value> sumsOf(MutableArrayRef<Value> sums, int64_t weight, int64_t rowTile,
                                int64_t outputTile) {
    int64_t number = (weight * tile.rowTiles() + rowTile) * tile.outputTiles() + outputTile;
    return sums.slice(size_t(number * 4), 4);
  }

  void multiply(Value number, MutableArrayRef<Value> sums) {
    int64_t depths = tile.partWords() / MatrixTile::kWords;
    for (int64_t part = 0; part < tile.parts(); ++part) {
      SmallVector<SmallVector<TileRows>> rows; // [depth][tile of rows]
      for (int64_t depth = 0; depth < depths; ++depth) {
        rows.emplace_back();
        for (int64_t rowTile = 0; rowTile < tile.rowTiles(); ++rowTile)
          rows.back().push_back(loadRows(number, rowTile, part * depths + depth));
      }
      multiplyPart(number, part, rows, sums);
    }
  }

  void multiplyPart(Value number, int64_t part, ArrayRef<SmallVector<TileRows>> rows,
                    MutableArrayRef<Value> sums) {
    PartScales scales(*this, number, part, rows);
    for (int64_t weight = 0; weight < tile.weights; ++weight)
      for (int64_t outputTile = 0; outputTile < tile.outputTiles(); ++outputTile) {
        SmallVector<TileColumns> columns;
        for (size_t depth = 0; depth < rows.size(); ++depth)
          columns.push_back(
              loadColumns(number, weight, outputTile, part * int64_t(rows.size()) + int64_t(depth)));
        scales.load(weight, outputTile);
        for (int64_t rowTile = 0; rowTile < tile.rowTiles(); ++rowTile) {
          MutableArrayRef<Value> of = sumsOf(sums, weight, rowTile, outputTile);
          TileSums dots = scales.start(rowTile, of);
          for (size_t depth = 0; depth < rows.size(); ++depth)
            dots = multiplyTile(on, tile.numbers, rows[depth][size_t(rowTile)], columns[depth], dots);
          scales.add(rowTile, dots, of);
        }
      }
  }

  /// Turns the sums of a part's products into parts of the results.
  class PartScales {
  public:
    PartScales(TensorRows &of, Value number, int64_t part, ArrayRef<SmallVector<TileRows>> rows)
        : of(of), on(of.on), tile(of.tile), number(number), part(part) {
      for (int64_t rowTile = 0; rowTile < tile.rowTiles(); ++rowTile) {
        if (tile.isInteger()) loadInput(rowTile);
        if (!tile.isInteger() && tile.offset) sumInput(rowTile, rows);
      }
    }

    /// Scales and offsets of this lane's two outputs.
    void load(int64_t weight, int64_t outputTile) {
      if (!tile.partColumns) return;
      Value output =
          on.add(on.add(of.warpOutput, of.at.column), part * kPanelRows + outputTile * MatrixTile::kColumns);
      auto pair = [&](int64_t place) {
        Type type = VectorType::get(2, on.builder.getF32Type());
        Value both = on.load(type, on.offset(of.stages.addressOf(number, place), on.mul(output, 4)), 8);
        return std::array<Value, 2>{extract(both, 0), extract(both, 1)};
      };
      if (tile.scaled) scale = pair(tile.scalesAt(weight));
      if (tile.offset) offset = pair(tile.offsetsAt(weight));
    }

    TileSums start(int64_t rowTile, ArrayRef<Value> sums) {
      if (!tile.partColumns) return {sums[0], sums[1], sums[2], sums[3]};
      TileSums dots;
      for (int64_t i = 0; i < 4; ++i)
        dots[size_t(i)] = tile.isInteger() ? starts[place(rowTile, i)] : on.f32(0);
      return dots;
    }

    void add(int64_t rowTile, TileSums dots, MutableArrayRef<Value> sums) {
      for (int64_t i = 0; i < 4; ++i) {
        Value &sum = sums[size_t(i)], dot = dots[size_t(i)];
        if (!tile.partColumns) {
          sum = dot;
          continue;
        }
        if (tile.isInteger()) dot = asFloat(dot);
        sum = on.fma(dot, scaled(scale[size_t(i % 2)], rowTile, i), sum);
        if (tile.offset)
          sum = on.fma(inputSums[place(rowTile, i)], scaled(offset[size_t(i % 2)], rowTile, i), sum);
      }
    }

  private:
    TensorRows &of;
    GpuContext &on;
    const TensorTile &tile;
    Value number;
    int64_t part;
    std::array<Value, 2> scale, offset;
    // Of this lane's rows, two in each tile:
    SmallVector<Value> inputScales; ///< of integer rows
    SmallVector<Value> inputSums;   ///< f32, of codes or numbers of x
    SmallVector<Value> starts;      ///< i32: what takes the codes' bias out

    static size_t place(int64_t rowTile, int64_t i) { return size_t(rowTile * 2 + i / 2); }
    Value extract(Value vector, int64_t lane) {
      return vector::ExtractOp::create(on.builder, on.loc, vector, lane);
    }
    Value asFloat(Value number) {
      return arith::SIToFPOp::create(on.builder, on.loc, on.builder.getF32Type(), number);
    }
    /// `factor`, of a weight or null, times the scale of x.
    Value scaled(Value factor, int64_t rowTile, int64_t i) {
      if (!tile.isInteger()) return factor;
      Value input = inputScales[place(rowTile, i)];
      return factor ? on.mulF(factor, input) : input;
    }

    void loadInput(int64_t rowTile) {
      int64_t bias = of.stages.bias();
      Value factor =
          arith::ConstantOp::create(on.builder, on.loc, on.builder.getI32IntegerAttr(int32_t(-bias)));
      for (int64_t half : {0, 1}) {
        int64_t row = part * tile.rows + rowTile * MatrixTile::kRows + half * MatrixTile::kRows / 2;
        Value byte = on.mul(on.add(on.add(of.warpRow, of.at.row), row), 4);
        auto entry = [&](Type type, int64_t place) {
          return on.load(type, on.offset(of.stages.addressOf(number, place), byte), 4);
        };
        inputScales.push_back(entry(on.builder.getF32Type(), tile.inputScalesAt()));
        Value sum = entry(on.builder.getI32Type(), tile.inputSumsAt());
        starts.push_back(on.mul(sum, factor));
        if (tile.offset) inputSums.push_back(asFloat(sum));
      }
    }

    /// What an offset is multiplied with: x, summed up by a product with ones.
    void sumInput(int64_t rowTile, ArrayRef<SmallVector<TileRows>> rows) {
      int32_t one = tile.numbers == TileNumbers::Bf16 ? 0x3f803f80 : 0x3c003c00;
      Value ones = arith::ConstantOp::create(on.builder, on.loc, on.builder.getI32IntegerAttr(one));
      TileSums sums;
      sums.fill(on.f32(0));
      for (const SmallVector<TileRows> &depth : rows)
        sums = multiplyTile(on, tile.numbers, depth[size_t(rowTile)], {ones, ones}, sums);
      inputSums.push_back(sums[0]);
      inputSums.push_back(sums[2]);
    }
  };

  void storeSums(MutableArrayRef<Value> sums) {
    for (int64_t weight = 0; weight < tile.weights; ++weight)
      for (int64_t rowTile = 0; rowTile < tile.rowTiles(); ++rowTile)
        for (int64_t outputTile = 0; outputTile < tile.outputTiles(); ++outputTile)
          for (int64_t half : {0, 1}) {
            ArrayRef<Value> of = sumsOf(sums, weight, rowTile, outputTile);
            Value pair = vector::FromElementsOp::create(
                on.builder, on.loc, VectorType::get(2, on.builder.getF32Type()),
                ValueRange{of[size_t(2 * half)], of[size_t(2 * half + 1)]});
            Value row =
                on.add(on.add(warpRow, at.row), rowTile * MatrixTile::kRows + half * MatrixTile::kRows / 2);
            Value output = on.add(on.add(warpOutput, at.column), outputTile * MatrixTile::kColumns);
            group.storeResults(pair, weight, row, output);
          }
  }
};

} // namespace

std::optional<TensorTile> lathe::tensorTile(GpuContext &on, FusedRegion &region, const GpuLinearPlan &plan,
                                            Value lastRow) {
  LinearOp op = plan.op;
  if (!plan.fitsMatrixUnits) return std::nullopt;
  std::optional<TensorTile> tile = planTensorTile(plan, plan.itemRows);
  if (!canMultiplyTiles(on.variant, tile->numbers)) return std::nullopt;
  int64_t aligned = on.knownAlignment(region.storedRow(op.getInput(), lastRow)->pointer);
  if (aligned < 4) return std::nullopt;
  tile->copyBytes = std::min<int64_t>(aligned, 16);
  return tile;
}

void lathe::emitTensorRows(const LinearGroup &group, const TensorTile &tile) {
  TensorRows(group, tile).run();
}

// Float activations times any encoding: decoded to f32, then fused multiply-adds with a broadcast element of
// x.
#include "Codegen/CPU/BitmapPanel.h"
#include "Codegen/CPU/LinearTile.h"
#include "Codegen/Kernel/WeightDecode.h"

using namespace mlir;
using namespace lathe;

namespace {

/// A part of a panel as [column][64] floats: the weight itself where it is plain, or decoded into scratch.
struct FloatColumns {
  Value pointer; ///< of column 0
  Type stored;
};

class FloatProducts {
public:
  FloatProducts(const LinearItem &item, int64_t weight)
      : item(item), on(item.on), weight(weight), decode(on, item.plan.type, item.weightPointer(weight)) {}

  void run() {
    bool plain = item.plan.type.getEncoding().isPlain() && decode.layout().order == PackedOrder::Columns;
    if (item.plan.scalesBlocks) {
      TileShape shape = codedShape();
      return forTiles(item, shape, [&](Value row, Value lane) { codedTile(shape, row, lane); });
    }
    if (item.plan.rowClass == RowClass::One && !plain && !item.plan.expanded) return decodeOneRow();
    clearSums(item, weight);
    Value code = item.plan.expanded ? bitmap().firstCode() : Value();
    forPasses(on, item.plan.inputs, item.plan.passColumns, code,
              [&](Value first, Value end, Value next) { return passOver(first, end, next); });
  }

private:
  const LinearItem &item;
  CpuContext &on;
  int64_t weight;
  WeightDecode decode;

  int64_t lanes() const { return on.variant.f32Lanes(); }
  BitmapPanel bitmap() { return BitmapPanel(on, decode.layout(), item.weightPointer(weight), item.panel); }

  /// 24 sums of 32 registers, or 12 of 16. A single row wants the panel in one forward stream, and with 16
  /// registers each of a few rows does so in turn.
  TileShape shape() const {
    if (item.plan.rowClass == RowClass::One) return {1, kPanelRows / lanes()};
    if (lanes() < 16) return item.plan.rowClass == RowClass::Few ? TileShape{1, 8} : TileShape{6, 2};
    return {item.plan.rowClass == RowClass::Few ? 4 : 6, 4};
  }

  Value inputElement(Value row, Value column, int64_t index) {
    Type stored = item.plan.input.getElementType();
    Value pointer = on.offset(row, on.mul(column, stored.getIntOrFloatBitWidth() / 8));
    Value one = on.load(stored, on.offset(pointer, index * stored.getIntOrFloatBitWidth() / 8),
                        stored.getIntOrFloatBitWidth() / 8);
    return on.splat(on.widen(one), lanes());
  }

  /// `code`: of a bitmap, the address of the pass's first code; the result is that of the next pass's.
  Value passOver(Value first, Value end, Value code) {
    FloatColumns source{item.staged(), on.builder.getF32Type()};
    if (item.plan.expanded) {
      Value quads = on.mul(on.div(on.add(end, 3), 4), 4);
      code = bitmap().expand(code, first, quads, item.expanded());
      decode.setExpanded(bitmap().expandedCodes(item.expanded(), first));
    }
    if (item.plan.staged) {
      stage(first, end);
    } else if (item.plan.expanded) {
      source = {item.expanded(), item.plan.type.getEncoding().getCodes()};
    } else {
      source.stored = item.plan.type.getEncoding().getCodes();
      int64_t columnBytes = kPanelRows * source.stored.getIntOrFloatBitWidth() / 8;
      source.pointer =
          on.offset(decode.panelPointer(decode.layout(), decode.layout().planes.front(), item.panel),
                    on.mul(first, columnBytes));
    }
    forTiles(item, shape(), [&](Value row, Value lane) { tile(source, first, end, row, lane); });
    return code;
  }

  /// Decodes columns [first, end) of the panel into scratch.
  void stage(Value first, Value end) {
    int64_t chunk = decode.chunkColumns(), columns = item.plan.inputs, whole = columns / chunk * chunk;
    on.forRange(first, on.min(end, on.i64(whole)), chunk,
                [&](Value column) { stageChunk(first, column, chunk); });
    if (whole < columns)
      on.ifThen(on.less(on.i64(whole), end), [&] { stageChunk(first, on.i64(whole), columns - whole); });
  }

  void stageChunk(Value first, Value column, int64_t count) {
    Value target = on.offset(item.staged(), on.mul(on.sub(column, first), kPanelRows * 4));
    on.forRange(on.i64(0), on.i64(kPanelRows), lanes(), [&](Value lane) {
      Value at = on.offset(target, on.mul(lane, 4));
      decode.decodeColumns({item.panel, lane}, column, count, [&](int64_t i, Value values) {
        on.store(values, on.offset(at, i * kPanelRows * 4), 32);
      });
    });
  }

  /// sums += W[lane.., first..end) * x[row.., first..end).
  void tile(FloatColumns source, Value first, Value end, Value row, Value lane) {
    static constexpr int64_t kUnroll = 4;
    SmallVector<Value> sums = loadSums(item, weight, shape(), row, lane);
    SmallVector<Value> rows = item.inputRows(row, shape().rows);
    Value whole = on.add(first, on.mul(on.div(on.sub(end, first), kUnroll), kUnroll));
    auto step = [&](int64_t count) {
      return [&, count](Value column, ValueRange carried) {
        SmallVector<Value> next(carried);
        multiply(source, on.sub(column, first), column, count, rows, lane, next);
        return next;
      };
    };
    sums = on.forRange(first, whole, kUnroll, sums, step(kUnroll));
    if (item.plan.inputs % kUnroll) sums = on.forRange(whole, end, 1, sums, step(1));
    storeSums(item, weight, shape(), row, lane, sums);
  }

  void multiply(FloatColumns source, Value inPass, Value column, int64_t count, ArrayRef<Value> rows,
                Value lane, MutableArrayRef<Value> sums) {
    int64_t bytes = source.stored.getIntOrFloatBitWidth() / 8, vectors = shape().vectors;
    Value pointer = on.offset(source.pointer, on.mul(on.add(on.mul(inPass, kPanelRows), lane), bytes));
    for (int64_t i = 0; i < count; ++i) {
      Value from = on.offset(pointer, i * kPanelRows * bytes);
      SmallVector<Value> w;
      for (int64_t v = 0; v < vectors; ++v)
        w.push_back(on.widen(
            on.load(VectorType::get(lanes(), source.stored), on.offset(from, v * lanes() * bytes), 16)));
      for (auto [r, x] : llvm::enumerate(rows)) {
        Value broadcast = inputElement(x, column, i);
        for (int64_t v = 0; v < vectors; ++v) {
          Value &sum = sums[int64_t(r) * vectors + v];
          sum = on.fma(w[v], broadcast, sum);
        }
      }
    }
  }

  /// Sums of a block and of all blocks; the latter are set aside meanwhile where registers run out.
  TileShape codedShape() const {
    if (item.plan.rowClass == RowClass::One) return {1, 4};
    return {4, lanes() < 16 ? 2 : 4};
  }

  /// Codes that are multiplied as numbers, a scale for a block of sums.
  void codedTile(TileShape shape, Value row, Value lane) {
    int64_t columns = item.plan.inputs, block = std::min(decode.layout().blockColumns, columns);
    SmallVector<Value> rows = item.inputRows(row, shape.rows),
                       sums = loadSums(item, weight, shape, row, lane);
    sums = on.forRange(on.i64(0), on.i64(columns / block), 1, sums, [&](Value index, ValueRange carried) {
      return addBlock(shape, rows, lane, index, block, carried);
    });
    if (int64_t rest = columns % block)
      sums = addBlock(shape, rows, lane, on.i64(columns / block), rest, sums);
    storeSums(item, weight, shape, row, lane, sums);
  }

  SmallVector<Value> addBlock(TileShape shape, ArrayRef<Value> rows, Value lane, Value index, int64_t columns,
                              ValueRange carried) {
    int64_t chunk = decode.chunkColumns(), whole = columns / chunk * chunk;
    Value first = on.mul(index, decode.layout().blockColumns);
    auto step = [&](int64_t count) {
      return [&, count](Value column, ValueRange dots) {
        return addNumbers(shape, rows, lane, on.add(first, column), count, dots);
      };
    };
    SmallVector<Value> dots(carried.size(), on.splat(0.0, lanes())), sums(carried);
    if (whole) dots = on.forRange(on.i64(0), on.i64(whole), chunk, dots, step(chunk));
    if (whole < columns) dots = step(columns - whole)(on.i64(whole), dots);
    for (int64_t v = 0; v < shape.vectors; ++v) {
      Value scale = decode.scaleLanes({item.panel, on.add(lane, v * lanes())}, index);
      for (int64_t i = v; i < int64_t(sums.size()); i += shape.vectors)
        sums[i] = on.fma(dots[i], scale, sums[i]);
    }
    return sums;
  }

  SmallVector<Value> addNumbers(TileShape shape, ArrayRef<Value> rows, Value lane, Value column,
                                int64_t count, ValueRange carried) {
    SmallVector<Value> dots(carried);
    SmallVector<NumberChunk> chunks;
    for (int64_t v = 0; v < shape.vectors; ++v)
      chunks.push_back(decode.chunk({item.panel, on.add(lane, v * lanes())}, column));
    for (int64_t i = 0; i < count; ++i) {
      SmallVector<Value> x;
      for (Value row : rows) x.push_back(inputElement(row, column, i));
      for (int64_t v = 0; v < shape.vectors; ++v) {
        Value number = chunks[v].number(i);
        for (int64_t r = 0; r < shape.rows; ++r) {
          Value &dot = dots[r * shape.vectors + v];
          dot = on.fma(number, x[r], dot);
        }
      }
    }
    return dots;
  }

  /// One row and a coded weight: decoded in registers, some rows of the panel after the others.
  void decodeOneRow() {
    int64_t chunk = decode.chunkColumns(), columns = item.plan.inputs, whole = columns / chunk * chunk;
    Value x = item.inputRows(on.i64(0), 1).front();
    on.forRange(on.i64(0), on.i64(kPanelRows), lanes(), [&](Value lane) {
      auto step = [&](int64_t count) {
        return [&, count](Value column, ValueRange carried) {
          SmallVector<Value> next(carried);
          decode.decodeColumns({item.panel, lane}, column, count, [&](int64_t i, Value values) {
            Value &sum = next[i % int64_t(next.size())];
            sum = on.fma(values, inputElement(x, column, i), sum);
          });
          return next;
        };
      };
      // Several sums, so that the latency of one addition does not set the pace.
      SmallVector<Value> sums(4, on.splat(0.0, lanes()));
      if (whole) sums = on.forRange(on.i64(0), on.i64(whole), chunk, sums, step(chunk));
      if (whole < columns) sums = step(columns - whole)(on.i64(whole), sums);
      Value total = on.addF(on.addF(sums[0], sums[1]), on.addF(sums[2], sums[3]));
      on.store(total, on.offset(item.sums(weight, on.i64(0)), on.mul(lane, 4)), 32);
    });
  }
};

} // namespace

void lathe::emitFloatProducts(const LinearItem &item) {
  for (int64_t weight = 0; weight < item.plan.numWeights; ++weight) FloatProducts(item, weight).run();
}

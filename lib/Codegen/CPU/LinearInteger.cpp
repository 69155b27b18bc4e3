// Quantized rows times integer codes: exact i32 sums within a group of columns, then one fused multiply-add a
// group, in ascending order. So every variant, tile shape and number of rows gives the same bits.
#include "Codegen/CPU/BitmapPanel.h"
#include "Codegen/CPU/LinearDot.h"
#include "Codegen/Kernel/WeightDecode.h"

using namespace mlir;
using namespace lathe;

namespace {

/// Where the codes of a pass are read: the weight's own planes, or one plane of bytes in scratch.
struct CodePlanes {
  struct Plane {
    Value pointer; ///< of the pass's first column, row 0 of the panel
    int64_t bits, shift;
  };
  SmallVector<Plane, 3> planes;

  /// Columns of the narrowest plane's unit.
  int64_t chunkColumns() const {
    int64_t columns = 4;
    for (const Plane &plane : planes) columns = std::max(columns, 32 / plane.bits);
    return columns;
  }
};

class IntegerProducts {
public:
  IntegerProducts(const LinearItem &item, int64_t weight)
      : item(item), on(item.on), plan(item.plan), weight(weight),
        decode(on, plan.type, item.weightPointer(weight)), group(plan.rowGroup()),
        groups((plan.inputs + group - 1) / group) {}

  void run();

private:
  const LinearItem &item;
  CpuContext &on;
  const LinearPlan &plan;
  int64_t weight;
  WeightDecode decode;
  int64_t group, groups;

  /// A tile while its groups are added up.
  struct Tile {
    TileShape shape;
    CodePlanes codes;
    Value firstGroup; ///< of the pass
    Value lane;
    SmallVector<Value> rows; ///< of x
  };

  int64_t lanes() const { return on.variant.f32Lanes(); }
  Type words() const { return VectorType::get(lanes(), on.builder.getI32Type()); }
  TileShape shape() const;
  CodePlanes weightPlanes(Value firstColumn);
  void stage(Value first, Value end);
  Value passOver(Value firstGroup, Value endGroup, Value code);
  BitmapPanel bitmap() { return BitmapPanel(on, decode.layout(), item.weightPointer(weight), item.panel); }
  void emitTile(CodePlanes codes, TileShape shape, Value firstGroup, Value endGroup, Value row, Value lane);
  void prefetchScales(Value index);
  SmallVector<Value> addGroup(const Tile &tile, Value index, int64_t columns, ValueRange sums);
  SmallVector<Value> dotGroup(const Tile &tile, Value index, int64_t columns);
  void dotStep(const Tile &tile, Value column, Value weightColumn, int64_t columns, DotProducts &dots);
  Value rowEntry(Value row, int64_t section, Value index, Type type);
  void forQuads(const CodePlanes &codes, Value column, int64_t columns, int64_t vectors, Value lane,
                llvm::function_ref<void(int64_t quad, ArrayRef<Value> words)> each);
};

/// Sums in i32 and in f32 stay in registers for 3 rows of 64 outputs on AVX-512; what does not fit is set
/// aside at the end of a group only.
TileShape IntegerProducts::shape() const {
  if (plan.rowClass == RowClass::One) return {1, kPanelRows / lanes()};
  if (lanes() < 16) return plan.rowClass == RowClass::Few ? TileShape{1, 8} : TileShape{4, 2};
  return {plan.rowClass == RowClass::Few ? 4 : 3, 4};
}

CodePlanes IntegerProducts::weightPlanes(Value firstColumn) {
  CodePlanes result;
  for (const PackedPlane &plane : decode.layout().planes) {
    Value pointer = on.offset(decode.panelPointer(decode.layout(), plane, item.panel),
                              on.mul(firstColumn, 8 * plane.bits));
    result.planes.push_back({pointer, plane.bits, plane.shift});
  }
  return result;
}

/// Calls `each` for the quads of `columns` columns from `column` (of the pass) on, with the codes of some
/// vectors of rows.
void IntegerProducts::forQuads(const CodePlanes &codes, Value column, int64_t columns, int64_t vectors,
                               Value lane, llvm::function_ref<void(int64_t, ArrayRef<Value>)> each) {
  llvm::DenseMap<std::pair<size_t, int64_t>, SmallVector<Value>> units;
  auto unit = [&](size_t index, int64_t number) -> ArrayRef<Value> {
    SmallVector<Value> &loaded = units[{index, number}];
    if (!loaded.empty()) return loaded;
    const CodePlanes::Plane &plane = codes.planes[index];
    Value pointer = on.offset(plane.pointer, on.add(on.mul(column, 8 * plane.bits), on.mul(lane, 4)));
    pointer = on.offset(pointer, number * 256);
    for (int64_t v = 0; v < vectors; ++v)
      loaded.push_back(on.load(words(), on.offset(pointer, v * lanes() * 4), 32));
    return loaded;
  };
  for (int64_t quad = 0; quad < columns / 4; ++quad) {
    SmallVector<Value> joined(vectors);
    for (auto [index, plane] : llvm::enumerate(codes.planes)) {
      int64_t quads = 8 / plane.bits, up = plane.shift - quad % quads * plane.bits;
      ArrayRef<Value> stored = unit(index, quad / quads);
      uint32_t mask = (((1u << plane.bits) - 1) << plane.shift) * 0x01010101u;
      for (int64_t v = 0; v < vectors; ++v) {
        Value bits = up >= 0 ? shiftLeft(on, stored[v], up) : shiftRight(on, stored[v], -up);
        if (plane.bits != 8) bits = maskBits(on, bits, mask);
        joined[v] = joined[v] ? on.orI(joined[v], bits) : bits;
      }
    }
    each(quad, joined);
  }
}

/// The largest step that is unrolled: at most `most` columns; it divides `columns` and cuts no unit.
static int64_t stepColumns(int64_t columns, int64_t chunk, int64_t most) {
  if (columns <= most) return columns;
  for (int64_t step : {32, 16, 8, 4})
    if (step % chunk == 0 && columns % step == 0) return step;
  return columns;
}

/// Unpacks the codes of columns [first, end) to bytes in scratch.
void IntegerProducts::stage(Value first, Value end) {
  CodePlanes codes = weightPlanes(first);
  int64_t chunk = codes.chunkColumns();
  on.forRange(on.i64(0), on.sub(end, first), chunk, [&](Value column) {
    Value target = on.offset(item.staged(), on.mul(column, kPanelRows));
    int64_t vectors = kPanelRows / lanes();
    forQuads(codes, column, chunk, vectors, on.i64(0), [&](int64_t quad, ArrayRef<Value> words) {
      for (int64_t v = 0; v < vectors; ++v)
        on.store(words[v], on.offset(target, quad * 256 + v * lanes() * 4), 32);
    });
  });
}

Value IntegerProducts::rowEntry(Value row, int64_t section, Value index, Type type) {
  return on.load(type, on.offset(on.offset(row, section), on.mul(index, 4)), 4);
}

void IntegerProducts::dotStep(const Tile &tile, Value column, Value weightColumn, int64_t columns,
                              DotProducts &dots) {
  forQuads(tile.codes, weightColumn, columns, tile.shape.vectors, tile.lane,
           [&](int64_t quad, ArrayRef<Value> words) {
             SmallVector<DotProducts::Operand> weights;
             for (Value word : words) weights.push_back(dots.weights(word));
             for (auto [r, row] : llvm::enumerate(tile.rows)) {
               DotProducts::Operand x = dots.activations(on.offset(on.offset(row, column), 4 * quad));
               for (auto [v, w] : llvm::enumerate(weights)) dots.multiply(int64_t(r), int64_t(v), w, x);
             }
             dots.endQuad();
           });
}

/// The exact sums of group `index` over its first `columns` columns: i32, bias of the stored codes taken out.
SmallVector<Value> IntegerProducts::dotGroup(const Tile &tile, Value index, int64_t columns) {
  SmallVector<Value> sums;
  Type i32 = on.builder.getI32Type();
  for (Value row : tile.rows) {
    Value start = on.i32(0);
    if (int64_t bias = decode.layout().bias) {
      Value factor = on.i32(-bias);
      start = on.mul(rowEntry(row, plan.input.getSumsOffset(), index, i32), factor);
    }
    sums.append(tile.shape.vectors, on.splat(start, lanes()));
  }
  Value column = on.mul(index, group), inPass = on.mul(on.sub(index, tile.firstGroup), group);
  // Longer runs without a loop make LLVM keep more sums at a time than 16 registers hold.
  int64_t step = stepColumns(columns, tile.codes.chunkColumns(), lanes() < 16 ? 32 : 64);
  int64_t bits = plan.type.getEncoding().getCodeBits();
  auto add = [&](Value from, ValueRange carried) {
    DotProducts dots(on, bits, tile.shape, carried);
    dotStep(tile, on.add(column, from), on.add(inPass, from), step, dots);
    return dots.finish();
  };
  if (step == columns) return add(on.i64(0), sums);
  return on.forRange(on.i64(0), on.i64(columns), step, sums, add);
}

/// The processor follows the stream of codes by itself; the slow one of scales beside it needs help.
void IntegerProducts::prefetchScales(Value index) {
  static constexpr int64_t kAhead = 1024;
  for (const PackedMatrix *part : {decode.layout().scale.get(), decode.layout().offset.get()}) {
    if (!part || part->order != PackedOrder::Columns || part->columns != groups) continue;
    const PackedPlane &plane = part->planes.front();
    int64_t bytes = kPanelRows * plane.bits / 8;
    Value pointer = on.offset(decode.panelPointer(*part, plane, item.panel), on.mul(index, bytes));
    for (int64_t line = 0; line < bytes; line += 64) on.prefetch(on.offset(pointer, kAhead + line), 3);
  }
}

SmallVector<Value> IntegerProducts::addGroup(const Tile &tile, Value index, int64_t columns,
                                             ValueRange carried) {
  SmallVector<Value> dots = dotGroup(tile, index, columns), sums(carried);
  const PackedMatrix &layout = decode.layout();
  bool oneBlock = layout.blockColumns >= plan.inputs;
  if (plan.rowClass == RowClass::One) prefetchScales(index);
  Value block = oneBlock ? on.i64(0) : on.div(on.mul(index, group), layout.blockColumns);
  Type f32 = on.builder.getF32Type(), floats = VectorType::get(lanes(), f32);
  for (int64_t v = 0; v < tile.shape.vectors; ++v) {
    PanelLanes rows{item.panel, on.add(tile.lane, v * lanes())};
    Value scale = decode.scaleLanes(rows, block), offset = decode.offsetLanes(rows, block);
    for (auto [r, row] : llvm::enumerate(tile.rows)) {
      Value &sum = sums[int64_t(r) * tile.shape.vectors + v];
      Value x = on.splat(rowEntry(row, plan.input.getScalesOffset(), index, f32), lanes());
      Value dot =
          arith::SIToFPOp::create(on.builder, on.loc, floats, dots[int64_t(r) * tile.shape.vectors + v]);
      sum = on.fma(dot, scale ? on.mulF(scale, x) : x, sum);
      if (!offset) continue;
      Value total = rowEntry(row, plan.input.getSumsOffset(), index, on.builder.getI32Type());
      Value ofCodes = on.splat(arith::SIToFPOp::create(on.builder, on.loc, f32, total).getResult(), lanes());
      sum = on.fma(ofCodes, on.mulF(offset, x), sum);
    }
  }
  return sums;
}

void IntegerProducts::emitTile(CodePlanes codes, TileShape shape, Value firstGroup, Value endGroup, Value row,
                               Value lane) {
  Tile tile{shape, std::move(codes), firstGroup, lane, item.inputRows(row, shape.rows)};
  SmallVector<Value> sums = loadSums(item, weight, shape, row, lane);
  // A group may reach behind the stored codes: where it does, what is read of it ends with them. Staged codes
  // have room.
  int64_t stored = decode.layout().paddedColumns;
  int64_t columns = std::min(group, plan.staged ? group : stored);
  if (groups == 1) columns = stored;
  int64_t whole = plan.staged || groups == 1 ? groups : std::min(groups, stored / group);
  Value end = whole < groups ? on.i64(whole) : endGroup;
  sums = on.forRange(firstGroup, end, 1, sums, [&](Value index, ValueRange carried) {
    return addGroup(tile, index, columns, carried);
  });
  if (whole < groups) sums = addGroup(tile, on.i64(whole), stored - whole * group, sums);
  storeSums(item, weight, shape, row, lane, sums);
}

/// `code`: of a bitmap, the address of the pass's first code; the result is that of the next pass's.
Value IntegerProducts::passOver(Value firstGroup, Value endGroup, Value code) {
  if (plan.staged) {
    Value first = on.mul(firstGroup, group), stored = on.i64(decode.layout().paddedColumns);
    Value end = groups == 1 ? stored : on.min(on.mul(endGroup, group), stored);
    if (plan.expanded)
      code = bitmap().expand(code, first, end, item.expanded());
    else
      stage(first, end);
  }
  forTiles(item, shape(), [&](Value row, Value lane) {
    CodePlanes codes;
    if (plan.staged)
      codes.planes.push_back({item.staged(), 8, 0});
    else
      codes = weightPlanes(on.mul(firstGroup, group));
    emitTile(std::move(codes), shape(), firstGroup, endGroup, row, lane);
  });
  return code;
}

void IntegerProducts::run() {
  clearSums(item, weight);
  Value code = plan.expanded ? bitmap().firstCode() : Value();
  forPasses(on, groups, plan.onePass() ? groups : plan.passColumns / group, code,
            [&](Value first, Value end, Value next) { return passOver(first, end, next); });
}

} // namespace

void lathe::emitIntegerProducts(const LinearItem &item) {
  for (int64_t weight = 0; weight < item.plan.numWeights; ++weight) IntegerProducts(item, weight).run();
}

// Many rows: bound by arithmetic. Some columns of a panel and of the rows are put in work-group memory, the
// weights decoded; each thread multiplies a few rows with four outputs from there. Integers stay bytes, whose
// products are exact. Where a device's matrix units take the products, LinearTensor computes the same.
#include "Codegen/GPU/LinearGroup.h"

using namespace mlir;
using namespace lathe;

static constexpr int64_t kLanes = GpuLinearPlan::kThreadOutputs;

namespace {

class ManyRows {
public:
  ManyRows(const LinearGroup &group, int64_t weight, StagedColumns staged)
      : group(group), on(group.on), plan(group.plan), weight(weight), staged(staged),
        decode(on, plan.type, group.weightPointer(weight)), panel(group.number), numRows(plan.threadRows()) {
    if (plan.expandedColumns)
      bitmap.emplace(on, decode.layout(), group.weightPointer(weight), panel, group.bitmap);
    quad = on.rem(on.thread, plan.quads());
    firstRow = on.mul(on.div(on.thread, plan.quads()), numRows);
  }

  void run() {
    int64_t columns = plan.productColumns(), step = plan.taskColumns;
    int64_t whole = columns / step, rest = columns % step;
    SmallVector<Value> sums(numRows, on.splat(0.0, kLanes));
    if (bitmap) sums.push_back(bitmap->firstCode());
    if (whole)
      sums = on.forRange(on.i64(0), on.i64(whole), 1, sums, [&](Value number, ValueRange carried) {
        return addColumns(on.mul(number, step), step, carried);
      });
    if (rest) sums = addColumns(on.i64(whole * step), rest, sums);
    for (int64_t row = 0; row < numRows; ++row)
      group.storeResults(sums[row], weight, on.add(firstRow, row), on.mul(quad, kLanes));
  }

private:
  const LinearGroup &group;
  GpuContext &on;
  const GpuLinearPlan &plan;
  int64_t weight;
  StagedColumns staged;
  WeightDecode decode;
  Value panel;
  int64_t numRows;
  std::optional<BitmapGroup> bitmap;
  Value quad, firstRow; ///< this thread's outputs and rows

  SmallVector<Value> addColumns(Value first, int64_t columns, ValueRange sums) {
    on.barrier(); // those before have been read
    if (!bitmap) return addStaged(first, columns, sums);
    Value next = bitmap->expand(sums.back(), first, columns);
    decode.setExpanded(bitmap->expandedCodes(first));
    SmallVector<Value> result = addStaged(first, columns, sums.drop_back());
    result.push_back(next);
    return result;
  }

  SmallVector<Value> addStaged(Value first, int64_t columns, ValueRange sums) {
    plan.integer ? stageCodes(first, columns) : stageFloats(first, columns);
    on.barrier();
    return plan.integer ? multiplyCodes(first, columns, sums) : multiplyFloats(columns, sums);
  }

  PanelLanes lanesOf(Value quad) { return {panel, on.mul(quad, kLanes)}; }

  /// Calls `body` for each four outputs and each run of `width` of the columns, the last one perhaps shorter.
  void forRuns(int64_t columns, int64_t width,
               llvm::function_ref<void(Value quad, Value column, int64_t count)> body) {
    int64_t quads = plan.quads(), whole = columns / width;
    if (whole)
      on.forEach(quads * whole, [&](Value index) {
        body(on.rem(index, quads), on.mul(on.div(index, quads), width), width);
      });
    if (int64_t rest = columns % width)
      on.forEach(quads, [&](Value index) { body(index, on.i64(whole * width), rest); });
  }

  //--- Float rows: weights [column][four outputs], x [row][four columns]
  //------------------------------------------------------------------

  void stageFloats(Value first, int64_t columns) {
    int64_t chunk = std::max<int64_t>(decode.chunkColumns(), 4), unit = decode.chunkColumns();
    forRuns(columns, chunk, [&](Value quad, Value column, int64_t count) {
      auto put = [&](int64_t i, Value values) {
        on.storeShared(values, staged.weights, on.add(on.mul(on.add(column, i), plan.quads()), quad));
      };
      for (int64_t from = 0; from < count; from += unit)
        decode.decodeColumns(lanesOf(quad), on.add(on.add(first, column), from), std::min(unit, count - from),
                             [&](int64_t i, Value values) { put(from + i, values); });
      for (int64_t i = count; i < int64_t(llvm::alignTo(count, 4)); ++i) put(i, on.splat(0.0, kLanes));
    });
    stageInput(first, columns);
  }

  void stageInput(Value first, int64_t columns) {
    Type stored = plan.input.getElementType();
    int64_t whole = columns / 4;
    if (whole)
      on.forEach(plan.itemRows * whole, [&](Value index) {
        Value row = on.div(index, whole), at = on.rem(index, whole);
        Value column = on.add(first, on.mul(at, 4));
        Value values = on.loadFloats(group.inputRow(row), stored, column, 4);
        on.storeShared(values, staged.input, on.add(on.mul(row, plan.inputLine()), at));
      });
    if (columns % 4)
      on.forEach(plan.itemRows, [&](Value row) {
        Value values = on.splat(0.0, 4), pointer = group.inputRow(row);
        for (int64_t i = 0; i < columns % 4; ++i) {
          Value one = on.loadFloats(pointer, stored, on.add(first, whole * 4 + i), 1);
          values = vector::InsertOp::create(on.builder, on.loc, extract(one, 0), values, i);
        }
        on.storeShared(values, staged.input, on.add(on.mul(row, plan.inputLine()), whole));
      });
  }

  Value extract(Value vector, int64_t lane) {
    return vector::ExtractOp::create(on.builder, on.loc, vector, lane);
  }

  SmallVector<Value> multiplyFloats(int64_t columns, ValueRange carried) {
    auto step = [&](Value four, ValueRange soFar) {
      SmallVector<Value> sums(soFar), x;
      for (int64_t row = 0; row < numRows; ++row)
        x.push_back(
            on.loadShared(staged.input, on.add(on.mul(on.add(firstRow, row), plan.inputLine()), four)));
      for (int64_t i = 0; i < 4; ++i) {
        Value column = on.add(on.mul(four, 4), i);
        Value values = on.loadShared(staged.weights, on.add(on.mul(column, plan.quads()), quad));
        for (int64_t row = 0; row < numRows; ++row)
          sums[row] = on.fma(values, on.splat(extract(x[row], i), kLanes), sums[row]);
      }
      return sums;
    };
    return on.forRange(on.i64(0), on.i64((columns + 3) / 4), 1, carried, step);
  }

  //--- Quantized rows: weights [four columns][four outputs], x [row][four columns], as words of bytes
  //---------------------------------------
  void stageCodes(Value first, int64_t columns) {
    forRuns(columns, decode.chunkColumns(), [&](Value quad, Value column, int64_t count) {
      NumberChunk codes = decode.chunk(lanesOf(quad), on.add(first, column));
      for (int64_t i = 0; i < count / 4; ++i)
        on.storeShared(codes.quad(i), staged.weights,
                       on.add(on.mul(on.add(on.div(column, 4), i), plan.quads()), quad));
    });
    int64_t words = columns / 4;
    on.forEach(plan.itemRows * words, [&](Value index) {
      Value row = on.div(index, words), at = on.rem(index, words);
      Value pointer = on.offset(group.inputRow(row), on.add(first, on.mul(at, 4)));
      on.storeShared(on.load(on.builder.getI32Type(), pointer, 4), staged.input,
                     on.add(on.mul(row, plan.inputLine()), at));
    });
  }

  BlockParts partsAt(Value first) {
    int64_t width = decode.layout().blockColumns;
    Value block = width >= plan.inputs ? on.i64(0) : on.div(first, width);
    return {decode.scaleLanes(lanesOf(quad), block), decode.offsetLanes(lanesOf(quad), block)};
  }

  SmallVector<Value> multiplyCodes(Value first, int64_t columns, ValueRange carried) {
    GroupScales scales(group, decode.layout().bias, partsAt(first), first, columns);
    SmallVector<Value> rows, dots;
    for (int64_t row = 0; row < numRows; ++row) rows.push_back(group.inputRow(on.add(firstRow, row)));
    for (Value row : rows) dots.push_back(scales.start(row));
    dots = on.forRange(on.i64(0), on.i64(columns / 4), 1, dots, [&](Value word, ValueRange soFar) {
      SmallVector<Value> next;
      Value codes = on.loadShared(staged.weights, on.add(on.mul(word, plan.quads()), quad));
      for (int64_t row = 0; row < numRows; ++row) {
        Value x = on.loadShared(staged.input, on.add(on.mul(on.add(firstRow, row), plan.inputLine()), word));
        next.push_back(on.dot4(codes, plan.type.getEncoding().getCodeBits(), x, soFar[row]));
      }
      return next;
    });
    SmallVector<Value> sums;
    for (int64_t row = 0; row < numRows; ++row)
      sums.push_back(scales.add(rows[row], dots[row], carried[row]));
    return sums;
  }
};

} // namespace

void lathe::emitManyRows(const LinearGroup &group, StagedColumns staged) {
  for (int64_t weight = 0; weight < group.plan.numWeights; ++weight) ManyRows(group, weight, staged).run();
  group.on.barrier();
}

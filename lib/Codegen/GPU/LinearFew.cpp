// One row and a few rows: bound by the weights' way from memory. A thread takes four neighbouring outputs,
// whose codes of a unit are one load of 16 bytes, over every so many columns; the sums of the threads that
// share outputs meet in work-group memory and are added in a fixed order.
#include "Codegen/GPU/LinearGroup.h"

using namespace mlir;
using namespace lathe;

static constexpr int64_t kLanes = GpuLinearPlan::kThreadOutputs;

static Value extract(GpuContext &on, Value vector, int64_t lane) {
  return vector::ExtractOp::create(on.builder, on.loc, vector, lane);
}

namespace {

/// Elements of the group's rows of x from a column on, as scalars; loaded up to four at a time.
class InputColumns {
public:
  /// `stored`: what is loaded. More than its alignment is found out from the addresses.
  InputColumns(GpuContext &on, ArrayRef<Value> rows, Type stored, Value firstByte, int64_t count)
      : on(on), rows(rows), stored(stored), firstByte(firstByte), count(count) {}

  Value at(int64_t row, int64_t column) {
    Value &element = elements[{row, column}];
    if (!element) load(row, column / 4 * 4);
    return elements[{row, column}];
  }

private:
  GpuContext &on;
  ArrayRef<Value> rows;
  Type stored;
  Value firstByte;
  int64_t count;
  llvm::DenseMap<std::pair<int64_t, int64_t>, Value> elements;

  void load(int64_t row, int64_t column) {
    int64_t bytes = stored.getIntOrFloatBitWidth() / 8, end = std::min(column + 4, count);
    for (int64_t width = 4; column < end; column += width) {
      while (width > end - column) width /= 2;
      Value from = on.offset(on.offset(rows[row], firstByte), column * bytes);
      Value loaded = on.load(VectorType::get(width, stored), from, unsigned(bytes));
      if (isa<FloatType>(stored)) loaded = on.widen(loaded);
      for (int64_t lane = 0; lane < width; ++lane) elements[{row, column + lane}] = extract(on, loaded, lane);
    }
  }
};

class FewRows {
public:
  FewRows(const LinearGroup &group, int64_t weight, Value partials)
      : group(group), on(group.on), plan(group.plan), weight(weight), partials(partials),
        decode(on, plan.type, group.weightPointer(weight)) {
    slice = on.div(on.thread, plan.quads());
    quad = on.rem(on.thread, plan.quads());
    Value output = group.firstOutput();
    lanes.panel = on.div(output, kPanelRows);
    lanes.lane = on.add(on.rem(output, kPanelRows), on.mul(quad, kLanes));
    for (int64_t row = 0; row < plan.itemRows; ++row) rows.push_back(group.inputRow(on.i64(row)));
  }

  void run() {
    if (decode.layout().blockColumns >= plan.inputs && (plan.integer || plan.scalesBlocks))
      oneBlock = {decode.scaleLanes(lanes, on.i64(0)), decode.offsetLanes(lanes, on.i64(0))};
    SmallVector<Value> sums(plan.itemRows, on.splat(0.0, kLanes));
    sums = plan.expandedColumns ? forPasses(sums) : forTasks(on.i64(0), plan.productColumns(), sums);
    for (int64_t row = 0; row < plan.itemRows; row += plan.roundRows())
      combine(row, ArrayRef(sums).slice(row, plan.roundRows()));
  }

private:
  const LinearGroup &group;
  GpuContext &on;
  const GpuLinearPlan &plan;
  int64_t weight;
  Value partials;
  WeightDecode decode;
  Value slice, quad;
  PanelLanes lanes;
  SmallVector<Value> rows; ///< of x
  BlockParts oneBlock;     ///< where one spans the columns

  SmallVector<Value> task(Value first, int64_t columns, ValueRange sums) {
    if (plan.integer) return integerTask(first, columns, sums);
    return plan.scalesBlocks ? scaledTask(first, columns, sums) : decodedTask(first, columns, sums);
  }

  /// Adds this thread's slice of `columns` columns from `start` on, one vector for each row.
  SmallVector<Value> forTasks(Value start, int64_t columns, ValueRange initial) {
    int64_t step = plan.taskColumns, whole = columns / step, slices = plan.slices();
    SmallVector<Value> sums(initial);
    if (whole)
      sums = on.forRange(slice, on.i64(whole), slices, sums, [&](Value number, ValueRange carried) {
        return task(on.add(start, on.mul(number, step)), step, carried);
      });
    // What is left is the first slice's.
    if (int64_t rest = columns % step)
      sums = on.forRange(slice, on.i64(1), slices, sums, [&](Value, ValueRange carried) {
        return task(on.add(start, whole * step), rest, carried);
      });
    return sums;
  }

  /// A bitmap's columns, put in their places some at a time.
  SmallVector<Value> forPasses(ValueRange sums) {
    BitmapGroup bitmap(on, decode.layout(), group.weightPointer(weight), lanes.panel, group.bitmap);
    int64_t columns = plan.productColumns(), step = plan.expandedColumns, whole = columns / step;
    auto pass = [&](Value first, int64_t width, ValueRange carried) {
      Value next = bitmap.expand(carried.back(), first, width);
      decode.setExpanded(bitmap.expandedCodes(first));
      SmallVector<Value> result = forTasks(first, width, carried.drop_back());
      result.push_back(next);
      return result;
    };
    SmallVector<Value> carried(sums);
    carried.push_back(bitmap.firstCode());
    if (whole)
      carried = on.forRange(on.i64(0), on.i64(whole), 1, carried, [&](Value number, ValueRange soFar) {
        return pass(on.mul(number, step), step, soFar);
      });
    if (int64_t rest = columns % step) carried = pass(on.i64(whole * step), rest, carried);
    carried.pop_back();
    return carried;
  }

  BlockParts partsAt(Value first) {
    int64_t width = decode.layout().blockColumns;
    if (width >= plan.inputs) return oneBlock;
    Value block = on.div(first, width);
    return {decode.scaleLanes(lanes, block), decode.offsetLanes(lanes, block)};
  }

  SmallVector<Value> integerTask(Value first, int64_t columns, ValueRange carried) {
    NumberChunk codes = decode.chunk(lanes, first);
    codes.load(columns);
    InputColumns x(on, rows, on.builder.getI32Type(), first, columns / 4);
    GroupScales scales(group, decode.layout().bias, partsAt(first), first, columns);
    SmallVector<Value> dots, sums;
    for (Value row : rows) dots.push_back(scales.start(row));
    int64_t bits = plan.type.getEncoding().getCodeBits();
    for (int64_t i = 0; i < columns / 4; ++i) {
      Value quad = codes.quad(i);
      for (auto [r, dot] : llvm::enumerate(dots)) dot = on.dot4(quad, bits, x.at(int64_t(r), i), dot);
    }
    for (auto [row, dot, sum] : llvm::zip(rows, dots, carried)) sums.push_back(scales.add(row, dot, sum));
    return sums;
  }

  //--- Float rows
  //---------------------------------------------------------------------------------------------------------
  InputColumns inputColumns(Value first, int64_t columns) {
    Type stored = plan.input.getElementType();
    return InputColumns(on, rows, stored, on.mul(first, stored.getIntOrFloatBitWidth() / 8), columns);
  }

  void addProducts(Value numbers, int64_t column, InputColumns &x, MutableArrayRef<Value> sums) {
    for (auto [r, sum] : llvm::enumerate(sums))
      sum = on.fma(numbers, on.splat(x.at(int64_t(r), column), kLanes), sum);
  }

  /// Codes that are multiplied as numbers; the sum is scaled.
  SmallVector<Value> scaledTask(Value first, int64_t columns, ValueRange carried) {
    SmallVector<Value> dots(carried.size(), on.splat(0.0, kLanes)), sums(carried);
    NumberChunk numbers = decode.chunk(lanes, first);
    numbers.load(columns);
    InputColumns x = inputColumns(first, columns);
    for (int64_t i = 0; i < columns; ++i) addProducts(numbers.number(i), i, x, dots);
    Value scale = partsAt(first).scale;
    for (auto [dot, sum] : llvm::zip(dots, sums)) sum = on.fma(dot, scale, sum);
    return sums;
  }

  /// Any encoding, decoded number by number.
  SmallVector<Value> decodedTask(Value first, int64_t columns, ValueRange carried) {
    SmallVector<Value> sums(carried);
    int64_t chunk = decode.chunkColumns();
    InputColumns x = inputColumns(first, columns);
    for (int64_t column = 0; column < columns; column += chunk)
      decode.decodeColumns(lanes, on.add(first, column), std::min(chunk, columns - column),
                           [&](int64_t i, Value values) { addProducts(values, column + i, x, sums); });
    return sums;
  }

  //--- Slices together
  //---------------------------------------------------------------------------------------------------------
  Value sumShared(Value first, int64_t count, int64_t stride) {
    Value sum;
    for (int64_t i = 0; i < count; ++i) {
      Value part = on.loadShared(partials, on.add(first, i * stride));
      sum = sum ? on.addF(sum, part) : part;
    }
    return sum;
  }

  /// The results of some rows from `firstRow` on: partial sums lie as [slice][row][output].
  void combine(int64_t firstRow, ArrayRef<Value> sums) {
    int64_t rows = int64_t(sums.size()), results = rows * plan.itemOutputs;
    for (auto [r, sum] : llvm::enumerate(sums)) {
      Value line = on.add(on.mul(slice, rows), int64_t(r));
      Value first = on.add(on.mul(line, plan.itemOutputs), on.mul(quad, kLanes));
      for (int64_t lane = 0; lane < kLanes; ++lane)
        on.storeShared(extract(on, sum, lane), partials, on.add(first, lane));
    }
    on.barrier();
    // Where there are several threads to a result, each adds some slices first.
    int64_t parts = std::max<int64_t>(plan.threads / results, 1), slices = plan.slices() / parts;
    if (parts > 1) {
      Value result = on.rem(on.thread, results), part = on.div(on.thread, results);
      Value sum = sumShared(on.add(on.mul(part, slices * results), result), slices, results);
      on.barrier();
      on.storeShared(sum, partials, on.thread);
      on.barrier();
      slices = parts;
    }
    on.forEach(results, [&](Value result) {
      Value row = on.add(on.div(result, plan.itemOutputs), firstRow),
            output = on.rem(result, plan.itemOutputs);
      on.storeShared(sumShared(result, slices, results), group.results,
                     group.resultIndex(weight, row, output));
    });
    on.barrier();
  }
};

} // namespace

void lathe::emitFewRows(const LinearGroup &group, Value partials) {
  for (int64_t weight = 0; weight < group.plan.numWeights; ++weight) FewRows(group, weight, partials).run();
}

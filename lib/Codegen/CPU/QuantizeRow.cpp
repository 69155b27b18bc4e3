#include "Codegen/CPU/QuantizeRow.h"

#include "mlir/Dialect/Math/IR/Math.h"

using namespace mlir;
using namespace lathe;

using Values = llvm::function_ref<Value(Value column, int64_t width)>;

/// max|x| over `columns` columns from `first` on.
static Value largestMagnitude(KernelContext &on, Value first, int64_t columns, Values values) {
  auto magnitude = [&](Value column, int64_t width) -> Value {
    return math::AbsFOp::create(on.builder, on.loc, values(on.add(first, column), width));
  };
  int64_t step = KernelContext::kColumnStep, whole = columns / step * step;
  Value largest;
  if (whole) {
    auto carried = on.forRange(on.i64(0), on.i64(whole), step, on.splat(0.0, step),
                               [&](Value column, ValueRange so_far) {
                                 return SmallVector<Value>{on.maxF(magnitude(column, step), so_far[0])};
                               });
    largest = on.maxLanes(carried[0]);
  }
  for (int64_t column = whole; column < columns;) {
    while (step > columns - column) step /= 2;
    Value rest = on.maxLanes(magnitude(on.i64(column), step));
    largest = largest ? on.maxF(rest, largest) : rest;
    column += step;
  }
  return largest;
}

/// The codes of one step as i32 lanes.
static Value roundToCodes(KernelContext &on, Value x, Value inverse, int64_t width) {
  Value scaled = math::RoundEvenOp::create(on.builder, on.loc, on.mulF(x, on.splat(inverse, width)));
  // In this order a NaN becomes the bound.
  Value low = on.maxF(scaled, on.splat(-127.0, width));
  Value high = on.splat(127.0, width);
  Value below = arith::CmpFOp::create(on.builder, on.loc, arith::CmpFPredicate::OLT, low, high);
  Value clamped = on.select(below, low, high);
  return arith::FPToSIOp::create(on.builder, on.loc, VectorType::get(width, on.builder.getI32Type()),
                                 clamped);
}

static Value sumOf(KernelContext &on, Value codes) {
  return vector::ReductionOp::create(on.builder, on.loc, vector::CombiningKind::ADD, codes);
}

/// Stores the codes of a group and returns their sum (i32).
static Value storeCodes(KernelContext &on, Value pointer, Value first, int64_t columns, Value inverse,
                        Values values) {
  Type i32 = on.builder.getI32Type();
  auto codesAt = [&](Value offset, int64_t width) {
    Value column = on.add(first, offset);
    Value codes = roundToCodes(on, values(column, width), inverse, width);
    auto narrow = VectorType::get(width, on.builder.getI8Type());
    on.store(arith::TruncIOp::create(on.builder, on.loc, narrow, codes), on.offset(pointer, column));
    return codes;
  };
  int64_t step = KernelContext::kColumnStep, whole = columns / step * step;
  Value total = arith::ConstantOp::create(on.builder, on.loc, on.builder.getI32IntegerAttr(0));
  if (whole) {
    auto carried = on.forRange(on.i64(0), on.i64(whole), step, on.splat(total, step),
                               [&](Value column, ValueRange sums) {
                                 return SmallVector<Value>{on.add(sums[0], codesAt(column, step))};
                               });
    total = sumOf(on, carried[0]);
  }
  for (int64_t column = whole; column < columns;) {
    while (step > columns - column) step /= 2;
    total = on.add(total, sumOf(on, codesAt(on.i64(column), step)));
    column += step;
  }
  assert(total.getType() == i32);
  (void)i32;
  return total;
}

void lathe::quantizeGroup(KernelContext &on, exec::SliceType slice, Value pointer, Value group,
                          int64_t columns, Values values) {
  Value first = on.mul(group, slice.getGroup());
  Value largest = largestMagnitude(on, first, columns, values);
  Value positive = arith::CmpFOp::create(on.builder, on.loc, arith::CmpFPredicate::OGT, largest, on.f32(0));
  Value inverse = on.select(positive, on.divF(on.f32(127), largest), on.f32(0));
  Value scale = on.divF(largest, on.f32(127));
  Value sum = storeCodes(on, pointer, first, columns, inverse, values);
  Value entry = on.mul(group, 4);
  on.store(scale, on.offset(on.offset(pointer, slice.getScalesOffset()), entry), 4);
  on.store(sum, on.offset(on.offset(pointer, slice.getSumsOffset()), entry), 4);
}

void lathe::padQuantizedRow(KernelContext &on, exec::SliceType slice, Value pointer) {
  Type i8 = on.builder.getI8Type();
  for (int64_t column = slice.getColumns(), width = 64; column < slice.getScalesOffset(); column += width) {
    while (width > slice.getScalesOffset() - column) width /= 2;
    auto zeros = VectorType::get(width, i8);
    on.store(arith::ConstantOp::create(on.builder, on.loc, zeros, on.builder.getZeroAttr(zeros)),
             on.offset(pointer, column));
  }
}

void lathe::quantizeRow(KernelContext &on, exec::SliceType slice, Value pointer, Values values) {
  int64_t columns = slice.getColumns(), group = std::min(slice.getGroup(), columns), whole = columns / group;
  auto wholeGroup = [&](Value index) { quantizeGroup(on, slice, pointer, index, group, values); };
  if (whole == 1)
    wholeGroup(on.i64(0));
  else
    on.forRange(on.i64(0), on.i64(whole), 1, wholeGroup);
  if (int64_t rest = columns - whole * group) quantizeGroup(on, slice, pointer, on.i64(whole), rest, values);
  padQuantizedRow(on, slice, pointer);
}

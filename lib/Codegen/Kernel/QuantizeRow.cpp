#include "Codegen/Kernel/QuantizeRow.h"

#include "mlir/Dialect/Math/IR/Math.h"

using namespace mlir;
using namespace lathe;

using Values = llvm::function_ref<Value(Value column, int64_t width)>;

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

/// `fold` combines columns: the team's way, or a thread's alone.
using FoldColumns = llvm::function_ref<Value(Fold fold, int64_t columns, KernelContext::ColumnsValue body)>;

static void quantize(KernelContext &on, exec::SliceType slice, Value pointer, Value group, int64_t columns,
                     Values values, FoldColumns fold, llvm::function_ref<void(llvm::function_ref<void()>)> once) {
  Value first = on.mul(group, slice.getGroup());
  Value largest = fold(Fold::Max, columns, [&](Value offset, int64_t width) -> Value {
    return math::AbsFOp::create(on.builder, on.loc, values(on.add(first, offset), width));
  });
  Value positive = on.greaterF(largest, on.f32(0));
  Value inverse = on.select(positive, on.divF(on.f32(127), largest), on.f32(0));
  Value scale = on.divF(largest, on.f32(127));
  Value sum = fold(Fold::SumOfCodes, columns, [&](Value offset, int64_t width) {
    Value column = on.add(first, offset);
    Value codes = roundToCodes(on, values(column, width), inverse, width);
    auto narrow = VectorType::get(width, on.builder.getI8Type());
    on.store(arith::TruncIOp::create(on.builder, on.loc, narrow, codes), on.offset(pointer, column));
    return codes;
  });
  once([&] {
    Value entry = on.mul(group, 4);
    on.store(scale, on.offset(on.offset(pointer, slice.getScalesOffset()), entry), 4);
    on.store(sum, on.offset(on.offset(pointer, slice.getSumsOffset()), entry), 4);
  });
}

void lathe::quantizeGroup(KernelContext &on, exec::SliceType slice, Value pointer, Value group,
                          int64_t columns, Values values) {
  auto alone = [&](Fold fold, int64_t count, KernelContext::ColumnsValue body) {
    return on.foldAlone(fold, count, body);
  };
  quantize(on, slice, pointer, group, columns, values, alone, [](llvm::function_ref<void()> body) { body(); });
}

void lathe::padQuantizedRow(KernelContext &on, exec::SliceType slice, Value pointer) {
  Type i8 = on.builder.getI8Type();
  for (int64_t column = slice.getColumns(), width = on.columnStep(); column < slice.getScalesOffset(); column += width) {
    while (width > slice.getScalesOffset() - column) width /= 2;
    auto zeros = VectorType::get(width, i8);
    on.store(arith::ConstantOp::create(on.builder, on.loc, zeros, on.builder.getZeroAttr(zeros)),
             on.offset(pointer, column));
  }
}

void lathe::quantizeRow(KernelContext &on, exec::SliceType slice, Value pointer, Values values) {
  int64_t columns = slice.getColumns(), group = std::min(slice.getGroup(), columns), whole = columns / group;
  if (whole == 1) {
    auto together = [&](Fold fold, int64_t count, KernelContext::ColumnsValue body) {
      return on.foldColumns(fold, count, body);
    };
    quantize(on, slice, pointer, on.i64(0), group, values, together,
             [&](llvm::function_ref<void()> body) { on.onThread(0, body); });
  } else {
    on.forEach(whole, [&](Value index) { quantizeGroup(on, slice, pointer, index, group, values); });
  }
  on.onThread(1, [&] {
    if (int64_t rest = columns - whole * group)
      quantizeGroup(on, slice, pointer, on.i64(whole), rest, values);
    padQuantizedRow(on, slice, pointer);
  });
}

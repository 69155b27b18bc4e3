#include "Codegen/GPU/TopLogitsKernel.h"

#include "Codegen/GPU/TopLogitsJoin.h"

#include "mlir/Dialect/Math/IR/Math.h"

#include <limits>

using namespace mlir;
using namespace lathe;
using arith::CmpIPredicate;

static constexpr double kInfinity = std::numeric_limits<double>::infinity();
static constexpr float kMost = std::numeric_limits<float>::max();

namespace {

TopLogitsOp rootOf(exec::KernelOp kernel) { return dyn_cast_or_null<TopLogitsOp>(findRoot(kernel)); }

/// The code of a slice.
class TopLogitsSlice {
public:
  TopLogitsSlice(GpuContext &on, const TopLogitsPlan &plan)
      : on(on), plan(plan), row{on, plan.op, {}}, selection(on, plan.count) {}

  /// Items are numbered row by row.
  void emitItem(Value item);

private:
  GpuContext &on;
  const TopLogitsPlan &plan;
  TopLogitsRow row;
  TopSelection selection;
  Value first; ///< token of this thread

  /// What a draw asks of this thread's tokens.
  struct Rules {
    Value temperature, penalty;
    Value penalized, allowed; ///< i32, bit i of token `first` + i
  };
  Rules loadRules();
  Value bitsOf(Value draw, size_t words, size_t pointer, int64_t without);
  SmallVector<Value> loadLogits();
  Value ruled(Value logit, const Rules &rules, int64_t index);
  Value isBad(Value logit);
  Value sumOfExp(ArrayRef<Value> values, Value largest, Value temperature);

  Value asBits(Value value) {
    return arith::BitcastOp::create(on.builder, on.loc, on.builder.getI32Type(), value);
  }
  Value loadFloat(Value pointer) { return on.load(on.builder.getF32Type(), pointer, 4); }
};

} // namespace

//===------------------------------------------------------------------------------------------------------===//
// The logits of a thread, as its draw sees them
//===------------------------------------------------------------------------------------------------------===//

/// The bits of this thread's tokens in a set of the draw, all as in `without` where there is no set.
Value TopLogitsSlice::bitsOf(Value draw, size_t words, size_t pointer, int64_t without) {
  Value isSet = on.less(on.i64(0), on.loadI32(on.offset(draw, int64_t(words)), on.i64(0)));
  Value inRow = on.less(first, on.i64(plan.columns));
  auto load = [&]() -> Value {
    Value set = on.load(on.pointerType(), on.offset(draw, int64_t(pointer)), 8);
    Value word = on.load(on.builder.getI32Type(), on.offset(set, on.mul(on.div(first, 32), 4)), 4);
    Value shift = arith::TruncIOp::create(on.builder, on.loc, on.builder.getI32Type(), on.rem(first, 32));
    return arith::ShRUIOp::create(on.builder, on.loc, word, shift);
  };
  return on.ifElse(on.andI(isSet, inRow), load, [&] { return on.i32(without); });
}

TopLogitsSlice::Rules TopLogitsSlice::loadRules() {
  Value draw = row.draw();
  Rules rules;
  rules.temperature = row.temperature();
  rules.penalty = loadFloat(on.offset(draw, offsetof(KernelDraw, penalty)));
  rules.penalized = bitsOf(draw, offsetof(KernelDraw, penalizedWords), offsetof(KernelDraw, penalized), 0);
  rules.allowed = bitsOf(draw, offsetof(KernelDraw, allowedWords), offsetof(KernelDraw, allowed), -1);
  return rules;
}

/// This thread's run of the row; -infinity behind the row's end.
SmallVector<Value> TopLogitsSlice::loadLogits() {
  Value from = row.logits();
  SmallVector<Value> logits;
  int64_t width = plan.width();
  for (int64_t index = 0; index < plan.perThread; index += width) {
    Value column = on.add(first, index), inRow = on.less(column, on.i64(plan.columns));
    if (width == 1) {
      auto load = [&] { return loadFloat(on.offset(from, on.mul(column, 4))); };
      logits.push_back(on.ifElse(inRow, load, [&] { return on.f32(-kInfinity); }));
      continue;
    }
    auto load = [&] { return on.loadFloats(from, on.builder.getF32Type(), column, width); };
    Value some = on.ifElse(inRow, load, [&] { return on.splat(-kInfinity, width); });
    for (int64_t lane = 0; lane < width; ++lane)
      logits.push_back(vector::ExtractOp::create(on.builder, on.loc, some, lane));
  }
  return logits;
}

Value TopLogitsSlice::isBad(Value logit) {
  // NaN and +infinity: no comparison of numbers is sure to tell on every device.
  Value bits = asBits(logit), infinity = on.i32(0x7f800000);
  Value magnitude = on.andI(bits, on.i32(0x7fffffff));
  return on.orI(on.compare(CmpIPredicate::ugt, magnitude, infinity), on.equals(bits, infinity));
}

/// Behind penalty and mask; -infinity where the token is left out.
Value TopLogitsSlice::ruled(Value logit, const Rules &rules, int64_t index) {
  auto bit = [&](Value bits) {
    return on.compare(CmpIPredicate::ne, on.andI(bits, on.i32(int64_t(1) << index)), on.i32(0));
  };
  Value changed =
      on.select(on.greaterF(logit, on.f32(0)), on.divF(logit, rules.penalty), on.mulF(logit, rules.penalty));
  changed = on.select(on.greaterF(changed, on.f32(kMost)), on.f32(kMost), changed);
  changed = on.maxF(changed, on.f32(-double(kMost)));
  Value left = on.select(bit(rules.penalized), changed, logit);
  Value isOut = on.equals(asBits(logit), on.i32(int32_t(0xff800000)));
  left = on.select(isOut, on.f32(-kInfinity), left);
  return on.select(bit(rules.allowed), left, on.f32(-kInfinity));
}

/// The sum over all threads of exp((value - largest) / temperature).
Value TopLogitsSlice::sumOfExp(ArrayRef<Value> values, Value largest, Value temperature) {
  Value safe = on.maxF(largest, on.f32(-double(kMost))), sum = on.f32(0);
  for (Value value : values) {
    Value beside = on.subF(value, safe);
    if (temperature) beside = on.divF(beside, temperature);
    sum = on.addF(sum, math::ExpOp::create(on.builder, on.loc, beside));
  }
  return on.foldThreads(Fold::Sum, sum);
}

//===------------------------------------------------------------------------------------------------------===//
// A slice
//===------------------------------------------------------------------------------------------------------===//

static Value largestOf(GpuContext &on, ArrayRef<Value> values) {
  Value largest = values.front();
  for (Value value : values.drop_front()) largest = on.maxF(value, largest);
  return on.foldThreads(Fold::Max, largest);
}

void TopLogitsSlice::emitItem(Value item) {
  row.output = on.div(item, plan.slices());
  Value slice = on.rem(item, plan.slices());
  first = on.add(on.mul(slice, plan.perSlice()), on.mul(on.thread, plan.perThread));
  Rules rules = loadRules();
  SmallVector<Value> logits = loadLogits(), left, keys;
  Value bad = on.f32(0);
  for (auto [index, logit] : llvm::enumerate(logits)) {
    bad = on.select(isBad(logit), on.f32(1), bad);
    left.push_back(ruled(logit, rules, int64_t(index)));
    Value isOut = on.equals(asBits(left.back()), on.i32(int32_t(0xff800000)));
    keys.push_back(on.select(isOut, on.i32(0), TopSelection::keyOf(on, left.back())));
  }
  Value largest = largestOf(on, left), largestOfAll = largestOf(on, logits);
  Value sums[TopLogitsPlan::Sums] = {largest, sumOfExp(left, largest, rules.temperature), largestOfAll,
                                     sumOfExp(logits, largestOfAll, {}), on.foldThreads(Fold::Max, bad)};
  on.ifThen(on.equals(on.thread, on.i64(0)), [&] {
    for (int sum = 0; sum < TopLogitsPlan::Sums; ++sum)
      on.store(sums[sum], on.offset(on.scratch, plan.sumOffset(TopLogitsPlan::Sum(sum))), 4);
  });
  selection.select(keys, [&](Value place, size_t index) {
    Value at = on.offset(on.scratch, on.mul(place, 4));
    Value id =
        arith::TruncIOp::create(on.builder, on.loc, on.builder.getI32Type(), on.add(first, int64_t(index)));
    on.store(keys[index], at, 4);
    on.store(id, on.offset(at, plan.idsOffset()), 4);
  });
}

//===------------------------------------------------------------------------------------------------------===//
// The family
//===------------------------------------------------------------------------------------------------------===//

bool lathe::matchTopLogits(exec::KernelOp kernel) { return bool(rootOf(kernel)); }

FailureOr<SmallVector<KernelClass>> lathe::planTopLogits(exec::KernelOp kernel, int64_t maxRows) {
  TopLogitsOp op = rootOf(kernel);
  if (!isa<BlockArgument>(op.getLogits()) ||
      !llvm::hasSingleElement(kernel.getBody().front().without_terminator()))
    return op.emitOpError("stands in a kernel of its own on GPUs");
  TopLogitsPlan plan(op);
  if (plan.count != TopLogitsPlan::kThreads)
    return op.emitOpError("finds ") << plan.count << " tokens, on GPUs " << TopLogitsPlan::kThreads;
  if (plan.slices() > TopLogitsPlan::kMostSlices)
    return op.emitOpError("has rows of ")
           << plan.columns << " logits; GPUs take "
           << TopLogitsPlan::kThreads * TopLogitsPlan::kMostPerThread * TopLogitsPlan::kMostSlices
           << " at most";
  KernelClass only{maxRows,
                   {{GridKind::Outputs, 1}, {GridKind::Constant, uint32_t(plan.slices())}},
                   plan.scratchBytes(),
                   TopLogitsPlan::kThreads,
                   KernelJoin{{{GridKind::Outputs, 1}}, TopLogitsPlan::kThreads}};
  return SmallVector<KernelClass>{only};
}

LogicalResult lathe::emitTopLogits(KernelContext &base) {
  GpuContext &on = GpuContext::of(base);
  TopLogitsPlan plan(rootOf(on.kernel));
  TopLogitsSlice slice(on, plan);
  on.forItems([&](Value item) { slice.emitItem(item); });
  return success();
}

LogicalResult lathe::joinTopLogits(KernelContext &base) {
  GpuContext &on = GpuContext::of(base);
  TopLogitsPlan plan(rootOf(on.kernel));
  TopLogitsJoin join(on, plan);
  on.forItems([&](Value item) { join.emitItem(item); });
  return success();
}

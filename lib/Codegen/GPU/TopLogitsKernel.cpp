#include "Codegen/GPU/TopLogitsKernel.h"

#include "Codegen/GPU/TopSelection.h"

#include "mlir/Dialect/Math/IR/Math.h"
#include "llvm/Support/MathExtras.h"

#include <limits>

using namespace mlir;
using namespace lathe;
using arith::CmpIPredicate;

static constexpr double kInfinity = std::numeric_limits<double>::infinity();
static constexpr float kMost = std::numeric_limits<float>::max();

namespace {

/// How a row is shared out, and what a slice leaves in scratch: keys and ids of its largest, then sums.
struct TopLogitsPlan {
  static constexpr int64_t kThreads = 256, kMostSlices = 128, kMostPerThread = 32;
  enum Sum { Largest, Total, LargestOfAll, Mass, Bad, Sums };

  explicit TopLogitsPlan(TopLogitsOp op)
      : op(op), columns(cast<RankedTensorType>(op.getLogits().getType()).getDimSize(1)),
        count(op.getCount()) {
    // As many values a thread in the slices as in their join, nearly; but registers are few.
    while (perThread < kMostPerThread && slices() > (perThread < 16 ? 32 : kMostSlices)) perThread *= 2;
  }
  int64_t perSlice() const { return kThreads * perThread; }
  int64_t slices() const { return llvm::divideCeil(columns, perSlice()); }
  int64_t idsOffset() const { return 4 * count; }
  int64_t sumOffset(Sum sum) const { return 8 * count + 4 * sum; }
  int64_t scratchBytes() const { return llvm::alignTo(sumOffset(Sums), 64); }
  /// Neighbouring values that are loaded together: rows end at a multiple of them.
  int64_t width() const { return std::min<int64_t>(4, columns & -columns); }

  TopLogitsOp op;
  int64_t columns, count, perThread = 4;
};

TopLogitsOp rootOf(exec::KernelOp kernel) { return dyn_cast_or_null<TopLogitsOp>(findRoot(kernel)); }

/// The code of both functions.
class TopLogitsGroup {
public:
  explicit TopLogitsGroup(GpuContext &on) : on(on), plan(rootOf(on.kernel)), selection(on, plan.count) {}

  void emitSlice(Value item);
  void emitJoin(Value output);

private:
  /// What a draw asks of this thread's tokens.
  struct Rules {
    Value temperature, penalty;
    Value penalized, allowed; ///< i32, bit i of token `first` + i
  };
  Rules rulesOf(Value output, Value first);
  Value bitsOf(Value draw, size_t words, size_t pointer, Value first, int64_t without);
  SmallVector<Value> loadLogits(Value output, Value first);
  Value ruled(Value logit, const Rules &rules, int64_t index);
  Value isBad(Value logit);
  /// The sum over all threads of exp((value - largest) / temperature).
  Value sumOfExp(ArrayRef<Value> values, Value largest, Value temperature);
  Value sliceAt(Value output, Value slice);
  Value joinSums(Value output, TopLogitsPlan::Sum largest, TopLogitsPlan::Sum sum, Value temperature,
                 Value most);
  Value ofSlices(Value output, TopLogitsPlan::Sum sum, double without);
  void writeCandidate(Value output, Value ids, Value keys);

  Value asBits(Value value) {
    return arith::BitcastOp::create(on.builder, on.loc, on.builder.getI32Type(), value);
  }
  Value loadFloat(Value pointer) { return on.load(on.builder.getF32Type(), pointer, 4); }
  Value logitRow(Value output) {
    auto rows = cast<BlockArgument>(plan.op.getLogits());
    return on.rowPointer(on.argumentPointer(rows), on.argumentSlice(rows), output);
  }
  Value resultRow(Value output) { return on.rowPointer(on.resultPointer(0), on.resultSlice(0), output); }
  Value drawOf(Value output) {
    return on.offset(on.batchArray(LATHE_BATCH(draws)), on.mul(output, int64_t(sizeof(KernelDraw))));
  }

  GpuContext &on;
  TopLogitsPlan plan;
  TopSelection selection;
};

} // namespace

//===------------------------------------------------------------------------------------------------------===//
// The logits of a thread, as its draw sees them
//===------------------------------------------------------------------------------------------------------===//

/// The bits of this thread's tokens in a set of the draw, all as in `without` where there is no set.
Value TopLogitsGroup::bitsOf(Value draw, size_t words, size_t pointer, Value first, int64_t without) {
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

TopLogitsGroup::Rules TopLogitsGroup::rulesOf(Value output, Value first) {
  Value draw = drawOf(output);
  Rules rules;
  rules.temperature = loadFloat(on.offset(draw, offsetof(KernelDraw, temperature)));
  rules.penalty = loadFloat(on.offset(draw, offsetof(KernelDraw, penalty)));
  rules.penalized =
      bitsOf(draw, offsetof(KernelDraw, penalizedWords), offsetof(KernelDraw, penalized), first, 0);
  rules.allowed = bitsOf(draw, offsetof(KernelDraw, allowedWords), offsetof(KernelDraw, allowed), first, -1);
  return rules;
}

/// This thread's run of the row; -infinity behind the row's end.
SmallVector<Value> TopLogitsGroup::loadLogits(Value output, Value first) {
  Value row = logitRow(output);
  SmallVector<Value> logits;
  int64_t width = plan.width();
  for (int64_t index = 0; index < plan.perThread; index += width) {
    Value column = on.add(first, index), inRow = on.less(column, on.i64(plan.columns));
    if (width == 1) {
      auto load = [&] { return loadFloat(on.offset(row, on.mul(column, 4))); };
      logits.push_back(on.ifElse(inRow, load, [&] { return on.f32(-kInfinity); }));
      continue;
    }
    auto load = [&] { return on.loadFloats(row, on.builder.getF32Type(), column, width); };
    Value some = on.ifElse(inRow, load, [&] { return on.splat(-kInfinity, width); });
    for (int64_t lane = 0; lane < width; ++lane)
      logits.push_back(vector::ExtractOp::create(on.builder, on.loc, some, lane));
  }
  return logits;
}

Value TopLogitsGroup::isBad(Value logit) {
  // NaN and +infinity: no comparison of numbers is sure to tell on every device.
  Value bits = asBits(logit), infinity = on.i32(0x7f800000);
  Value magnitude = on.andI(bits, on.i32(0x7fffffff));
  return on.orI(on.compare(CmpIPredicate::ugt, magnitude, infinity), on.equals(bits, infinity));
}

/// Behind penalty and mask; -infinity where the token is left out.
Value TopLogitsGroup::ruled(Value logit, const Rules &rules, int64_t index) {
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

Value TopLogitsGroup::sumOfExp(ArrayRef<Value> values, Value largest, Value temperature) {
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

/// Items are numbered row by row.
void TopLogitsGroup::emitSlice(Value item) {
  Value output = on.div(item, plan.slices()), slice = on.rem(item, plan.slices());
  Value first = on.add(on.mul(slice, plan.perSlice()), on.mul(on.thread, plan.perThread));
  Rules rules = rulesOf(output, first);
  SmallVector<Value> logits = loadLogits(output, first), left, keys;
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
// The join of a row's slices
//===------------------------------------------------------------------------------------------------------===//

Value TopLogitsGroup::sliceAt(Value output, Value slice) {
  return on.offset(on.scratch, on.mul(on.add(on.mul(output, plan.slices()), slice), plan.scratchBytes()));
}

/// This thread's slice's number.
Value TopLogitsGroup::ofSlices(Value output, TopLogitsPlan::Sum sum, double without) {
  return on.ifElse(
      on.less(on.thread, on.i64(plan.slices())),
      [&] { return loadFloat(on.offset(sliceAt(output, on.thread), plan.sumOffset(sum))); },
      [&] { return on.f32(without); });
}

/// Sums beside the largest of a slice become one beside the largest of all, `most`.
Value TopLogitsGroup::joinSums(Value output, TopLogitsPlan::Sum largest, TopLogitsPlan::Sum sum,
                               Value temperature, Value most) {
  Value safe = on.maxF(most, on.f32(-double(kMost)));
  Value beside = on.subF(ofSlices(output, largest, -kInfinity), safe);
  if (temperature) beside = on.divF(beside, temperature);
  Value scaled = on.mulF(ofSlices(output, sum, 0), math::ExpOp::create(on.builder, on.loc, beside));
  return on.foldThreads(Fold::Sum, scaled);
}

/// Thread i places candidate i behind all that are likelier; equals are in the order of their ids already.
void TopLogitsGroup::writeCandidate(Value output, Value ids, Value keys) {
  Value key = on.loadShared(keys, on.thread);
  Value rank = on.forRange(on.i64(0), on.i64(plan.count), 1, on.i64(0), [&](Value other, ValueRange carried) {
    Value otherKey = on.loadShared(keys, other);
    Value isTie = on.andI(on.equals(otherKey, key), on.less(other, on.thread));
    Value isBefore = on.orI(on.compare(CmpIPredicate::ugt, otherKey, key), isTie);
    return SmallVector<Value>{
        on.add(carried[0], arith::ExtUIOp::create(on.builder, on.loc, on.builder.getI64Type(), isBefore))};
  })[0];
  Value at = on.offset(resultRow(output), on.mul(rank, 4)), id = on.loadShared(ids, on.thread);
  Value isNone = on.equals(key, on.i32(0));
  Value number = arith::SIToFPOp::create(on.builder, on.loc, on.builder.getF32Type(), id);
  on.store(on.select(isNone, on.f32(-1), number), at, 4);
  Value wide = arith::ExtSIOp::create(on.builder, on.loc, on.builder.getI64Type(), id);
  Value logit = on.ifElse(
      isNone, [&] { return on.f32(-kInfinity); },
      [&] { return loadFloat(on.offset(logitRow(output), on.mul(wide, 4))); });
  on.store(logit, on.offset(at, 4 * plan.count), 4);
}

void TopLogitsGroup::emitJoin(Value output) {
  using Sum = TopLogitsPlan::Sum;
  Type i32 = on.builder.getI32Type();
  Value keys = on.shared(i32, plan.count), ids = on.shared(i32, plan.count);
  // A thread's run of the candidates of all slices, one behind the other.
  Value first = on.mul(on.thread, plan.slices());
  SmallVector<Value> run, places;
  for (int64_t index = 0; index < plan.slices(); ++index) {
    Value at = on.add(first, index);
    places.push_back(on.offset(sliceAt(output, on.div(at, plan.count)), on.mul(on.rem(at, plan.count), 4)));
    run.push_back(on.load(i32, places.back(), 4));
  }
  selection.select(run, [&](Value place, size_t index) {
    on.storeShared(run[index], keys, place);
    on.storeShared(on.load(i32, on.offset(places[index], plan.idsOffset()), 4), ids, place);
  });
  on.barrier();
  writeCandidate(output, ids, keys);

  Value temperature = loadFloat(on.offset(drawOf(output), offsetof(KernelDraw, temperature)));
  Value largest = on.foldThreads(Fold::Max, ofSlices(output, Sum::Largest, -kInfinity));
  Value largestOfAll = on.foldThreads(Fold::Max, ofSlices(output, Sum::LargestOfAll, -kInfinity));
  Value bad = on.foldThreads(Fold::Max, ofSlices(output, Sum::Bad, 0));
  Value mass = joinSums(output, Sum::LargestOfAll, Sum::Mass, {}, largestOfAll);
  mass = on.select(on.greaterF(bad, on.f32(0)), on.f32(0), mass);
  Value sums[] = {joinSums(output, Sum::Largest, Sum::Total, temperature, largest), largestOfAll, mass};
  on.ifThen(on.equals(on.thread, on.i64(0)), [&] {
    for (auto [index, sum] : llvm::enumerate(sums))
      on.store(sum, on.offset(resultRow(output), 4 * (2 * plan.count + int64_t(index))), 4);
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
  TopLogitsGroup group(on);
  on.forItems([&](Value item) { group.emitSlice(item); });
  return success();
}

LogicalResult lathe::joinTopLogits(KernelContext &base) {
  GpuContext &on = GpuContext::of(base);
  TopLogitsGroup group(on);
  on.forItems([&](Value output) { group.emitJoin(output); });
  return success();
}

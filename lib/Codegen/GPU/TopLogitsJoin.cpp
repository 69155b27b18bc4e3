#include "Codegen/GPU/TopLogitsJoin.h"

#include "mlir/Dialect/Math/IR/Math.h"

#include <limits>

using namespace mlir;
using namespace lathe;
using Sum = TopLogitsPlan::Sum;

static constexpr double kInfinity = std::numeric_limits<double>::infinity();

void TopLogitsJoin::emitItem(Value item) {
  row.output = item;
  joinCandidates();
  writeSums();
}

Value TopLogitsJoin::scratchOf(Value slice) {
  Value number = on.add(on.mul(row.output, plan.slices()), slice);
  return on.offset(on.scratch, on.mul(number, plan.scratchBytes()));
}

//===------------------------------------------------------------------------------------------------------===//
// Candidates
//===------------------------------------------------------------------------------------------------------===//

void TopLogitsJoin::joinCandidates() {
  Type i32 = on.builder.getI32Type();
  Value keys = on.shared(i32, plan.count), ids = on.shared(i32, plan.count);
  // A thread's run of the candidates of all slices, one behind the other.
  Value first = on.mul(on.thread, plan.slices());
  SmallVector<Value> run, places;
  for (int64_t index = 0; index < plan.slices(); ++index) {
    Value at = on.add(first, index);
    places.push_back(on.offset(scratchOf(on.div(at, plan.count)), on.mul(on.rem(at, plan.count), 4)));
    run.push_back(on.load(i32, places.back(), 4));
  }
  selection.select(run, [&](Value place, size_t index) {
    on.storeShared(run[index], keys, place);
    on.storeShared(on.load(i32, on.offset(places[index], plan.idsOffset()), 4), ids, place);
  });
  on.barrier();
  writeCandidate(keys, ids);
}

/// Thread i places candidate i behind all that are likelier; equals are in the order of their ids already.
void TopLogitsJoin::writeCandidate(Value keys, Value ids) {
  Value key = on.loadShared(keys, on.thread);
  Value rank = on.forRange(on.i64(0), on.i64(plan.count), 1, on.i64(0), [&](Value other, ValueRange carried) {
    Value otherKey = on.loadShared(keys, other);
    Value isTie = on.andI(on.equals(otherKey, key), on.less(other, on.thread));
    Value isBefore = on.orI(on.compare(arith::CmpIPredicate::ugt, otherKey, key), isTie);
    return SmallVector<Value>{
        on.add(carried[0], arith::ExtUIOp::create(on.builder, on.loc, on.builder.getI64Type(), isBefore))};
  })[0];
  Value at = on.offset(row.result(), on.mul(rank, 4)), id = on.loadShared(ids, on.thread);
  Value isNone = on.equals(key, on.i32(0));
  Type f32 = on.builder.getF32Type();
  Value number = arith::SIToFPOp::create(on.builder, on.loc, f32, id);
  on.store(on.select(isNone, on.f32(-1), number), at, 4);
  Value wide = arith::ExtSIOp::create(on.builder, on.loc, on.builder.getI64Type(), id);
  Value logit = on.ifElse(
      isNone, [&] { return on.f32(-kInfinity); },
      [&] { return on.load(f32, on.offset(row.logits(), on.mul(wide, 4)), 4); });
  on.store(logit, on.offset(at, 4 * plan.count), 4);
}

//===------------------------------------------------------------------------------------------------------===//
// Sums
//===------------------------------------------------------------------------------------------------------===//

/// What the slice of this thread's number has.
Value TopLogitsJoin::ofSlices(Sum sum, double without) {
  return on.ifElse(
      on.less(on.thread, on.i64(plan.slices())),
      [&] {
        return on.load(on.builder.getF32Type(), on.offset(scratchOf(on.thread), plan.sumOffset(sum)), 4);
      },
      [&] { return on.f32(without); });
}

/// Sums beside the largest of a slice become one beside the largest of all, `most`.
Value TopLogitsJoin::joinSums(Sum largest, Sum sum, Value temperature, Value most) {
  Value safe = on.maxF(most, on.f32(std::numeric_limits<float>::lowest()));
  Value beside = on.subF(ofSlices(largest, -kInfinity), safe);
  if (temperature) beside = on.divF(beside, temperature);
  Value scaled = on.mulF(ofSlices(sum, 0), math::ExpOp::create(on.builder, on.loc, beside));
  return on.foldThreads(Fold::Sum, scaled);
}

void TopLogitsJoin::writeSums() {
  Value largest = on.foldThreads(Fold::Max, ofSlices(Sum::Largest, -kInfinity));
  Value largestOfAll = on.foldThreads(Fold::Max, ofSlices(Sum::LargestOfAll, -kInfinity));
  Value bad = on.foldThreads(Fold::Max, ofSlices(Sum::Bad, 0));
  Value mass = joinSums(Sum::LargestOfAll, Sum::Mass, {}, largestOfAll);
  mass = on.select(on.greaterF(bad, on.f32(0)), on.f32(0), mass);
  Value sums[] = {joinSums(Sum::Largest, Sum::Total, row.temperature(), largest), largestOfAll, mass};
  on.ifThen(on.equals(on.thread, on.i64(0)), [&] {
    for (auto [index, sum] : llvm::enumerate(sums))
      on.store(sum, on.offset(row.result(), 4 * (2 * plan.count + int64_t(index))), 4);
  });
}

#include "Codegen/GPU/TopSelection.h"

using namespace mlir;
using namespace lathe;
using arith::CmpIPredicate;

/// Positive numbers have their bits' order, negative ones the opposite.
Value TopSelection::keyOf(GpuContext &on, Value value) {
  OpBuilder &builder = on.builder;
  Value bits = arith::BitcastOp::create(builder, on.loc, builder.getI32Type(), value);
  Value signBit = on.i32(INT32_MIN);
  bits = on.select(on.equals(bits, signBit), on.i32(0), bits); // both zeros are equal
  Value flipped = arith::OrIOp::create(builder, on.loc,
                                       arith::ShRSIOp::create(builder, on.loc, bits, on.i32(31)), signBit);
  return arith::XOrIOp::create(builder, on.loc, bits, flipped);
}

Value TopSelection::countWhere(ArrayRef<Value> keys, CmpIPredicate predicate, Value bound) {
  Value sum = on.i32(0);
  for (Value key : keys)
    sum = on.add(sum, arith::ExtUIOp::create(on.builder, on.loc, on.builder.getI32Type(),
                                             on.compare(predicate, key, bound)));
  return sum;
}

/// The largest bound that `count` keys reach, bit by bit from the top.
Value TopSelection::threshold(ArrayRef<Value> keys) {
  SmallVector<Value> start = {on.i32(0), on.i32(INT32_MIN)};
  auto end = on.forRange(on.i64(0), on.i64(32), 1, start, [&](Value, ValueRange carried) {
    Value bound = on.orI(carried[0], carried[1]);
    Value reached = on.foldThreads(Fold::SumOfCodes, countWhere(keys, CmpIPredicate::uge, bound));
    Value next = on.select(on.compare(CmpIPredicate::sge, reached, on.i32(count)), bound, carried[0]);
    return SmallVector<Value>{next, arith::ShRUIOp::create(on.builder, on.loc, carried[1], on.i32(1))};
  });
  return end[0];
}

/// Of this thread and all before it (Hillis and Steele 1986).
Value TopSelection::sumOfThreads(Value own) {
  if (!sums) sums = on.shared(on.builder.getI32Type(), on.threads());
  on.storeShared(own, sums, on.thread);
  on.barrier();
  for (int64_t distance = 1; distance < on.threads(); distance *= 2) {
    Value isFirst = on.less(on.thread, on.i64(distance));
    Value before = on.ifElse(
        isFirst, [&] { return on.i32(0); },
        [&] { return on.loadShared(sums, on.sub(on.thread, on.i64(distance))); });
    on.barrier();
    own = on.add(own, before);
    on.storeShared(own, sums, on.thread);
    on.barrier();
  }
  return own;
}

void TopSelection::select(ArrayRef<Value> keys, llvm::function_ref<void(Value, size_t)> keep) {
  Value bound = threshold(keys);
  Value above = countWhere(keys, CmpIPredicate::ugt, bound),
        equal = countWhere(keys, CmpIPredicate::eq, bound);
  // Both counts in one number: no group has 2^16 keys.
  Value packed = on.orI(above, arith::ShLIOp::create(on.builder, on.loc, equal, on.i32(16)));
  Value before = on.sub(sumOfThreads(packed), packed);
  Value all = on.loadShared(sums, on.i64(on.threads() - 1));
  on.barrier(); // before the memory is used again
  auto low = [&](Value counts) -> Value { return on.andI(counts, on.i32(0xffff)); };
  Value aboveAt = low(before);
  Value equalAt = on.add(low(all), arith::ShRUIOp::create(on.builder, on.loc, before, on.i32(16)));
  for (size_t index = 0; index < keys.size(); ++index) {
    Value isAbove = on.compare(CmpIPredicate::ugt, keys[index], bound),
          isEqual = on.equals(keys[index], bound);
    Value place = on.select(isAbove, aboveAt, equalAt);
    Value isKept = on.andI(on.orI(isAbove, isEqual), on.compare(CmpIPredicate::slt, place, on.i32(count)));
    on.ifThen(isKept, [&] {
      keep(arith::ExtSIOp::create(on.builder, on.loc, on.builder.getI64Type(), place), index);
    });
    auto one = [&](Value flag) {
      return arith::ExtUIOp::create(on.builder, on.loc, on.builder.getI32Type(), flag);
    };
    aboveAt = on.add(aboveAt, one(isAbove));
    equalAt = on.add(equalAt, one(isEqual));
  }
}

#include "Codegen/CPU/LinearTile.h"

using namespace mlir;
using namespace lathe;

Value LinearItem::sums(int64_t weight, Value row) const {
  return on.offset(on.offset(on.scratch, weight * plan.sumsBytes()), on.mul(row, kPanelRows * 4));
}

Value LinearItem::weightPointer(int64_t weight) const {
  LinearOp op = plan.op;
  return on.argumentPointer(cast<BlockArgument>(op.getWeights()[weight]));
}

SmallVector<Value> LinearItem::inputRows(Value first, int64_t count) const {
  LinearOp op = plan.op;
  SmallVector<Value> pointers;
  for (int64_t i = 0; i < count; ++i) {
    Value row =
        on.add(firstRow, plan.itemRows == 1 ? first : on.min(on.add(first, i), on.sub(rows, on.i64(1))));
    pointers.push_back(region.storedRow(op.getInput(), row)->pointer);
  }
  return pointers;
}

void lathe::forTiles(const LinearItem &item, TileShape shape, llvm::function_ref<void(Value, Value)> tile) {
  CpuContext &on = item.on;
  int64_t width = shape.vectors * on.variant.f32Lanes();
  auto lanes = [&](Value row) {
    if (width == kPanelRows)
      tile(row, on.i64(0));
    else
      on.forRange(on.i64(0), on.i64(kPanelRows), width, [&](Value lane) { tile(row, lane); });
  };
  if (item.plan.itemRows <= shape.rows)
    lanes(on.i64(0));
  else
    on.forRange(on.i64(0), item.rows, shape.rows, lanes);
}

/// Calls `each` with the number of a sum and its address.
static void forSums(const LinearItem &item, int64_t weight, TileShape shape, Value row, Value lane,
                    llvm::function_ref<void(int64_t, Value)> each) {
  CpuContext &on = item.on;
  for (int64_t r = 0; r < shape.rows; ++r) {
    Value pointer = on.offset(item.sums(weight, on.add(row, r)), on.mul(lane, 4));
    for (int64_t v = 0; v < shape.vectors; ++v)
      each(r * shape.vectors + v, on.offset(pointer, v * on.variant.f32Lanes() * 4));
  }
}

SmallVector<Value> lathe::loadSums(const LinearItem &item, int64_t weight, TileShape shape, Value row,
                                   Value lane) {
  CpuContext &on = item.on;
  int64_t lanes = on.variant.f32Lanes();
  SmallVector<Value> sums(shape.rows * shape.vectors);
  if (item.plan.onePass()) {
    for (Value &sum : sums) sum = on.splat(0.0, lanes);
    return sums;
  }
  Type type = VectorType::get(lanes, on.builder.getF32Type());
  forSums(item, weight, shape, row, lane,
          [&](int64_t index, Value pointer) { sums[index] = on.load(type, pointer, 32); });
  return sums;
}

void lathe::storeSums(const LinearItem &item, int64_t weight, TileShape shape, Value row, Value lane,
                      ValueRange sums) {
  forSums(item, weight, shape, row, lane,
          [&](int64_t index, Value pointer) { item.on.store(sums[index], pointer, 32); });
}

void lathe::clearSums(const LinearItem &item, int64_t weight) {
  CpuContext &on = item.on;
  if (item.plan.onePass()) return;
  on.forRange(on.i64(0), on.add(item.rows, LinearPlan::kOverhang), 1, [&](Value row) {
    Value pointer = item.sums(weight, row);
    for (int64_t lane = 0; lane < kPanelRows; lane += 16)
      on.store(on.splat(0.0, 16), on.offset(pointer, lane * 4), 32);
  });
}

void lathe::forPasses(CpuContext &on, int64_t count, int64_t step, Value initial,
                      llvm::function_ref<Value(Value, Value, Value)> pass) {
  if (step >= count) {
    pass(on.i64(0), on.i64(count), initial);
    return;
  }
  SmallVector<Value> handed;
  if (initial) handed.push_back(initial);
  on.forRange(on.i64(0), on.i64(count), step, handed, [&](Value first, ValueRange carried) {
    Value end = on.min(on.add(first, step), on.i64(count));
    Value next = pass(first, end, initial ? carried.front() : Value());
    return initial ? SmallVector<Value>{next} : SmallVector<Value>();
  });
}

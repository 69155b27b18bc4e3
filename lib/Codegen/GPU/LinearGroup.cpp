#include "Codegen/GPU/LinearGroup.h"

using namespace mlir;
using namespace lathe;

Value LinearGroup::weightPointer(int64_t weight) const {
  LinearOp op = plan.op;
  return on.argumentPointer(cast<BlockArgument>(op.getWeights()[weight]));
}

Value LinearGroup::inputRow(Value row) const {
  LinearOp op = plan.op;
  if (plan.itemRows > 1) row = on.min(row, on.sub(rows, on.i64(1)));
  return region.storedRow(op.getInput(), on.add(firstRow, row))->pointer;
}

Value LinearGroup::resultIndex(int64_t weight, Value row, Value output) const {
  Value line = on.add(row, weight * plan.itemRows);
  return on.add(on.mul(line, plan.itemOutputs), output);
}

Value LinearGroup::loadResults(int64_t weight, Value row, Value output, int64_t width) const {
  Value values = on.splat(0.0, width), first = resultIndex(weight, row, output);
  for (int64_t lane = 0; lane < width; ++lane)
    values = vector::InsertOp::create(on.builder, on.loc, on.loadShared(results, on.add(first, lane)), values,
                                      lane);
  return values;
}

void LinearGroup::storeResults(Value values, int64_t weight, Value row, Value output) const {
  Value first = resultIndex(weight, row, output);
  for (int64_t lane = 0; lane < cast<VectorType>(values.getType()).getDimSize(0); ++lane)
    on.storeShared(vector::ExtractOp::create(on.builder, on.loc, values, lane), results, on.add(first, lane));
}

//===------------------------------------------------------------------------------------------------------===//
// Scales of integer products
//===------------------------------------------------------------------------------------------------------===//

GroupScales::GroupScales(const LinearGroup &group, int64_t bias, BlockParts parts, Value first,
                         int64_t columns)
    : group(group), bias(bias), parts(parts) {
  GpuContext &on = group.on;
  int64_t width = group.plan.rowGroup();
  bool one = width >= group.plan.inputs;
  index = one ? on.i64(0) : on.div(first, width);
  if (one || width > columns) isFirst = on.equals(one ? first : on.rem(first, width), on.i64(0));
}

Value GroupScales::entry(Value row, int64_t section) const {
  GpuContext &on = group.on;
  return on.offset(on.offset(row, section), on.mul(index, 4));
}

Value GroupScales::inputSumBytes() const {
  GpuContext &on = group.on;
  auto bytes = [&](int32_t number) {
    return arith::ConstantOp::create(on.builder, on.loc, on.builder.getI32IntegerAttr(number));
  };
  return isFirst ? on.select(isFirst, bytes(4), bytes(0)) : Value();
}

/// Of the whole group where these columns are its first, else 0.
Value GroupScales::sumOfCodes(Value row) {
  GpuContext &on = group.on;
  Value sum = on.load(on.builder.getI32Type(), inputSum(row), 4);
  Value zero = arith::ConstantOp::create(on.builder, on.loc, on.builder.getI32IntegerAttr(0));
  return isFirst ? on.select(isFirst, sum, zero) : sum;
}

Value GroupScales::start(Value row) {
  GpuContext &on = group.on;
  Value factor = arith::ConstantOp::create(on.builder, on.loc, on.builder.getI32IntegerAttr(int32_t(-bias)));
  return on.splat(on.mul(sumOfCodes(row), factor), GpuLinearPlan::kThreadOutputs);
}

Value GroupScales::add(Value row, Value dot, Value sum) {
  GpuContext &on = group.on;
  int64_t width = GpuLinearPlan::kThreadOutputs;
  Type f32 = on.builder.getF32Type();
  Value x = on.splat(on.load(f32, inputScale(row), 4), width);
  Value product = arith::SIToFPOp::create(on.builder, on.loc, VectorType::get(width, f32), dot);
  sum = on.fma(product, parts.scale ? on.mulF(parts.scale, x) : x, sum);
  if (!parts.offset) return sum;
  Value codes = arith::SIToFPOp::create(on.builder, on.loc, f32, sumOfCodes(row));
  return on.fma(on.splat(codes, width), on.mulF(parts.offset, x), sum);
}

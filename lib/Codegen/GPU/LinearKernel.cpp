// A work group computes a panel of outputs, or a part of it, for a run of rows: its results are gathered in
// work-group memory, then the ops behind the linear are computed on them.
#include "Codegen/GPU/LinearKernel.h"

#include "Codegen/GPU/LinearTensor.h"
#include "Codegen/Kernel/QuantizeRow.h"

using namespace mlir;
using namespace lathe;

//===------------------------------------------------------------------------------------------------------===//
// Behind the linear
//===------------------------------------------------------------------------------------------------------===//

static void forRow(const LinearGroup &group, Value row, llvm::function_ref<void()> body) {
  if (group.plan.itemRows == 1) return body();
  group.on.ifThen(group.on.less(row, group.rows), body);
}

/// Result `index`, quantized from the values that stand in place of weight `place`: groups of `width`
/// columns.
static void quantizeResult(const LinearGroup &group, unsigned index, int64_t place, Value row, Value inTile,
                           int64_t width) {
  GpuContext &on = group.on;
  exec::SliceType slice = on.resultSlice(index);
  Value pointer = on.rowPointer(on.resultPointer(index), slice, on.add(group.firstRow, row));
  Value first = group.firstOutput(), number = on.add(on.div(first, slice.getGroup()), inTile);
  quantizeGroup(on, slice, pointer, number, width, [&](Value column, int64_t lanes) {
    return group.loadResults(place, row, on.sub(column, first), lanes);
  });
}

static void quantizeResults(const LinearGroup &group, int64_t columns) {
  GpuContext &on = group.on;
  SmallVector<unsigned> quantized = quantizedResults(on.kernel);
  if (!quantized.empty()) on.barrier();
  for (auto [number, index] : llvm::enumerate(quantized)) {
    int64_t place = int64_t(number), rows = group.plan.itemRows;
    exec::SliceType slice = on.resultSlice(index);
    int64_t width = slice.getGroup(), whole = columns / width, rest = columns % width;
    if (whole)
      on.forEach(rows * whole, [&](Value piece) {
        Value row = on.div(piece, whole);
        forRow(group, row, [&] { quantizeResult(group, index, place, row, on.rem(piece, whole), width); });
      });
    if (!rest && columns == group.plan.itemOutputs) continue;
    on.forEach(rows, [&](Value row) {
      forRow(group, row, [&] {
        if (rest) quantizeResult(group, index, place, row, on.i64(whole), rest);
        Value target = on.rowPointer(on.resultPointer(index), slice, on.add(group.firstRow, row));
        padQuantizedRow(on, slice, target);
      });
    });
  }
}

/// The ops behind the linear on the group's outputs, of which `columns` exist. Values to be quantized take
/// the place of the sums that they come from until their groups are complete.
static void emitEpilogue(const LinearGroup &group, int64_t columns) {
  GpuContext &on = group.on;
  LinearOp op = group.plan.op;
  Value first = group.firstOutput();
  on.forBlocks(group.plan.itemRows, columns, [&](Value row, Value column, int64_t width) {
    forRow(group, row, [&] {
      SmallVector<Value> values;
      for (int64_t weight = 0; weight < group.plan.numWeights; ++weight)
        values.push_back(group.loadResults(weight, row, column, width));
      int64_t next = 0;
      group.region.emitEpilogue(
          op, values, Place{on.add(group.firstRow, row), on.add(first, column), width, std::nullopt},
          [&](QuantizeRowsOp, Value value) { group.storeResults(value, next++, row, column); });
    });
  });
  quantizeResults(group, columns);
}

static void emitEpilogues(const LinearGroup &group) {
  GpuContext &on = group.on;
  int64_t width = group.plan.itemOutputs, rest = group.plan.outputs % width,
          whole = group.plan.outputs / width;
  if (!rest) return emitEpilogue(group, width);
  if (!whole) return emitEpilogue(group, rest);
  Value isWhole = on.less(group.number, on.i64(whole));
  on.ifThen(isWhole, [&] { emitEpilogue(group, width); });
  Value isLast = on.less(on.i64(whole - 1), group.number);
  on.ifThen(isLast, [&] { emitEpilogue(group, rest); });
}

//===------------------------------------------------------------------------------------------------------===//
// The family
//===------------------------------------------------------------------------------------------------------===//

static LogicalResult checkResults(exec::KernelOp kernel, const GpuLinearPlan &plan) {
  LinearOp op = plan.op;
  if (int64_t(quantizedResults(kernel).size()) > plan.numWeights)
    return op.emitOpError("is followed by more quantizations than it has weights; form a dispatch for them");
  if (plan.sharedBytes() > plan.maxSharedBytes())
    return op.emitOpError("has ") << plan.numWeights << " weights, whose results need " << plan.sharedBytes()
                                  << " bytes of work-group memory of " << plan.maxSharedBytes()
                                  << "; split it";
  return FusedRegion::checkEpilogue(kernel, op, plan.outputs, kPanelRows);
}

FailureOr<SmallVector<KernelClass>> lathe::planGpuLinear(exec::KernelOp kernel, int64_t maxRows) {
  SmallVector<KernelClass> classes;
  for (int64_t rows : linearRowClasses(maxRows)) {
    FailureOr<GpuLinearPlan> plan = planGpuLinearClass(kernel, rows);
    if (failed(plan) || failed(checkResults(kernel, *plan))) return failure();
    KernelClass result{rows, {{GridKind::Constant, uint32_t(plan->groups())}}, 0, plan->threads};
    if (rows > plan->itemRows)
      result.grid.push_back(domainFactor(kernel.getDomain(), uint32_t(plan->itemRows)));
    classes.push_back(std::move(result));
  }
  return classes;
}

static StagedColumns shareColumns(GpuContext &on, const GpuLinearPlan &plan) {
  Type i32 = on.builder.getI32Type(), four = VectorType::get(4, on.builder.getF32Type());
  if (plan.integer)
    return {on.shared(VectorType::get(4, i32), plan.stagedWeights()), on.shared(i32, plan.stagedInputs())};
  return {on.shared(four, plan.stagedWeights()), on.shared(four, plan.stagedInputs())};
}

LogicalResult lathe::emitGpuLinear(KernelContext &base) {
  GpuContext &on = GpuContext::of(base);
  FailureOr<GpuLinearPlan> plan = planGpuLinearClass(on.kernel, on.kernelClass.maxRows);
  if (failed(plan)) return failure();
  FusedRegion region(on);
  Value allRows = on.domainRows();
  bool runs = on.kernelClass.grid.size() > 1;
  std::optional<TensorTile> tile = tensorTile(on, region, *plan, allRows);
  int64_t floats = std::max(plan->resultFloats(), tile ? tile->sharedBytes() / 4 : 0);
  int64_t alignment = tile ? tile->alignment() : on.kSharedAlignment;
  Value results = on.shared(on.builder.getF32Type(), floats, alignment), partials;
  StagedColumns staged;
  BitmapMemory bitmap;
  if (plan->expandedColumns)
    bitmap = BitmapMemory::share(on, plan->type.getEncoding().getCodeBits(), plan->expandedColumns);
  if (plan->rowClass != RowClass::Many)
    partials = on.shared(on.builder.getF32Type(), plan->partialFloats());
  else if (!tile)
    staged = shareColumns(on, *plan);
  if (tile) on.expectGroups(tile->groupsAtATime());
  Value numRuns = runs ? on.div(on.add(allRows, plan->itemRows - 1), plan->itemRows) : Value();
  on.forItems([&](Value number) {
    LinearGroup group{on, region, *plan, results, bitmap, number, on.i64(0), allRows};
    if (runs) {
      group.number = on.div(number, numRuns);
      group.firstRow = on.mul(on.rem(number, numRuns), plan->itemRows);
      group.rows = on.min(on.sub(allRows, group.firstRow), on.i64(plan->itemRows));
    }
    if (tile)
      emitTensorRows(group, *tile);
    else
      plan->rowClass == RowClass::Many ? emitManyRows(group, staged) : emitFewRows(group, partials);
    emitEpilogues(group);
  });
  return success();
}

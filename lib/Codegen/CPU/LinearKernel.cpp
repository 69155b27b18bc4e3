// A work item of a linear is one panel of 64 outputs for a run of rows: its sums are gathered in scratch,
// then the ops behind the linear are computed on them while they are near.
#include "Codegen/CPU/LinearKernel.h"

#include "Codegen/CPU/LinearTile.h"
#include "Codegen/Kernel/QuantizeRow.h"

using namespace mlir;
using namespace lathe;

static LogicalResult checkResults(exec::KernelOp kernel, const LinearPlan &plan) {
  LinearOp op = plan.op;
  if (int64_t(quantizedResults(kernel).size()) > plan.numWeights)
    return op.emitOpError("is followed by more quantizations than it has weights; form a dispatch for them");
  return FusedRegion::checkEpilogue(kernel, op, plan.outputs, kPanelRows);
}

FailureOr<SmallVector<KernelClass>> lathe::planLinear(exec::KernelOp kernel, int64_t maxRows) {
  SmallVector<KernelClass> classes;
  for (int64_t rows : linearRowClasses(maxRows)) {
    FailureOr<LinearPlan> plan = planLinearClass(kernel, rows);
    if (failed(plan)) return failure();
    if (classes.empty() && failed(checkResults(kernel, *plan))) return failure();
    KernelClass result{rows, {{GridKind::Constant, uint32_t(plan->panels())}}, plan->scratchBytes()};
    if (rows > plan->itemRows)
      result.grid.push_back(domainFactor(kernel.getDomain(), uint32_t(plan->itemRows)));
    classes.push_back(std::move(result));
  }
  return classes;
}

/// The ops behind the linear on `columns` outputs of the panel (all 64 unless it is the last), for one row.
/// Values to be quantized take the place of the sums that they come from until their groups are complete.
static void emitRow(const LinearItem &item, Value row, int64_t columns) {
  CpuContext &on = item.on;
  LinearOp op = item.plan.op;
  Type f32 = on.builder.getF32Type();
  Value first = on.mul(item.panel, kPanelRows), domainRow = on.add(item.firstRow, row);
  on.forColumns(columns, [&](Value column, int64_t width) {
    SmallVector<Value> values;
    for (int64_t weight = 0; weight < item.plan.numWeights; ++weight)
      values.push_back(on.loadFloats(item.sums(weight, row), f32, column, width));
    int64_t next = 0;
    item.region.emitEpilogue(
        op, values, Place{domainRow, on.add(first, column), width, std::nullopt},
        [&](QuantizeRowsOp, Value value) { on.storeFloats(value, item.sums(next++, row), f32, column); });
  });
  for (auto [place, index] : llvm::enumerate(quantizedResults(on.kernel))) {
    exec::SliceType slice = on.resultSlice(index);
    Value pointer = on.rowPointer(on.resultPointer(index), slice, domainRow);
    Value sums = item.sums(int64_t(place), row), firstGroup = on.div(first, slice.getGroup());
    auto values = [&](Value column, int64_t width) {
      return on.loadFloats(sums, f32, on.sub(column, first), width);
    };
    int64_t whole = columns / slice.getGroup();
    if (whole)
      on.forRange(on.i64(0), on.i64(whole), 1, [&](Value group) {
        quantizeGroup(on, slice, pointer, on.add(firstGroup, group), slice.getGroup(), values);
      });
    if (int64_t rest = columns % slice.getGroup())
      quantizeGroup(on, slice, pointer, on.add(firstGroup, whole), rest, values);
    if (columns < kPanelRows) padQuantizedRow(on, slice, pointer);
  }
}

static void emitRows(const LinearItem &item, int64_t columns) {
  item.on.forRange(item.on.i64(0), item.rows, 1, [&](Value row) { emitRow(item, row, columns); });
}

static void emitEpilogues(const LinearItem &item) {
  CpuContext &on = item.on;
  int64_t rest = item.plan.outputs % kPanelRows, whole = item.plan.outputs / kPanelRows;
  if (!rest) return emitRows(item, kPanelRows);
  if (!whole) return emitRows(item, rest);
  Value isWhole = on.less(item.panel, on.i64(whole));
  on.ifThen(isWhole, [&] { emitRows(item, kPanelRows); });
  Value isLast = on.less(on.i64(whole - 1), item.panel);
  on.ifThen(isLast, [&] { emitRows(item, rest); });
}

LogicalResult lathe::emitLinear(KernelContext &base) {
  CpuContext &context = CpuContext::of(base);
  FailureOr<LinearPlan> plan = planLinearClass(context.kernel, context.kernelClass.maxRows);
  if (failed(plan)) return failure();
  FusedRegion region(context);
  Value allRows = context.domainRows();
  bool runs = context.kernelClass.grid.size() > 1;
  Value itemRows = context.i64(plan->itemRows);
  Value numRuns = runs ? context.div(context.add(allRows, plan->itemRows - 1), plan->itemRows) : Value();
  context.forItems([&](Value number) {
    LinearItem item{context, region, *plan, number, context.i64(0), allRows};
    if (runs) {
      item.panel = context.div(number, numRuns);
      item.firstRow = context.mul(context.rem(number, numRuns), plan->itemRows);
      item.rows = context.min(context.sub(allRows, item.firstRow), itemRows);
    }
    plan->integer ? emitIntegerProducts(item) : emitFloatProducts(item);
    emitEpilogues(item);
  });
  return success();
}

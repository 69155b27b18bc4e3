// A work item of a linear is one panel of 64 outputs for a run of rows: its sums are gathered in scratch,
// then the ops behind the linear are computed on them while they are near.
#include "Codegen/CPU/LinearKernel.h"

#include "Codegen/CPU/LinearTile.h"

using namespace mlir;
using namespace lathe;

bool lathe::matchLinear(exec::KernelOp kernel) { return isa_and_nonnull<LinearOp>(findRoot(kernel)); }

FailureOr<SmallVector<KernelClass>> lathe::planLinear(exec::KernelOp kernel, int64_t maxRows) {
  SmallVector<KernelClass> classes;
  for (int64_t rows : {int64_t(1), int64_t(8), maxRows}) {
    if (rows > maxRows || (!classes.empty() && rows <= classes.back().maxRows)) continue;
    FailureOr<LinearPlan> plan = planLinearClass(kernel, rows);
    if (failed(plan)) return failure();
    if (classes.empty() && failed(FusedRegion::checkEpilogue(kernel, plan->op, plan->outputs)))
      return failure();
    KernelClass result{rows, {{GridKind::Constant, uint32_t(plan->panels())}}, plan->scratchBytes()};
    if (rows > plan->itemRows)
      result.grid.push_back(domainFactor(kernel.getDomain(), uint32_t(plan->itemRows)));
    classes.push_back(std::move(result));
  }
  return classes;
}

static Value domainRows(KernelContext &on) {
  exec::KernelOp kernel = on.kernel;
  switch (kernel.getDomain()) {
  case exec::RowDomain::Rows:
    return on.batchCount(LATHE_BATCH(rows));
  case exec::RowDomain::Outputs:
    return on.batchCount(LATHE_BATCH(outputs));
  case exec::RowDomain::Sequences:
    return on.batchCount(LATHE_BATCH(sequences));
  }
  llvm_unreachable("all domains are handled");
}

/// The ops behind the linear, for `columns` outputs of the panel (all 64 unless it is the last).
static void emitRows(const LinearItem &item, int64_t columns) {
  KernelContext &on = item.on;
  LinearOp op = item.plan.op;
  on.forRange(on.i64(0), item.rows, 1, [&](Value row) {
    Value first = on.mul(item.panel, kPanelRows);
    on.forColumns(columns, [&](Value column, int64_t width) {
      SmallVector<Value> values;
      for (int64_t weight = 0; weight < item.plan.numWeights; ++weight)
        values.push_back(on.loadFloats(item.sums(weight, row), on.builder.getF32Type(), column, width));
      item.region.emitEpilogue(op, values,
                               Place{on.add(item.firstRow, row), on.add(first, column), width, std::nullopt});
    });
  });
}

static void emitEpilogues(const LinearItem &item) {
  KernelContext &on = item.on;
  int64_t rest = item.plan.outputs % kPanelRows, whole = item.plan.outputs / kPanelRows;
  if (!rest) return emitRows(item, kPanelRows);
  if (!whole) return emitRows(item, rest);
  Value isWhole = on.less(item.panel, on.i64(whole));
  on.ifThen(isWhole, [&] { emitRows(item, kPanelRows); });
  Value isLast = on.less(on.i64(whole - 1), item.panel);
  on.ifThen(isLast, [&] { emitRows(item, rest); });
}

LogicalResult lathe::emitLinear(KernelContext &context) {
  FailureOr<LinearPlan> plan = planLinearClass(context.kernel, context.kernelClass.maxRows);
  if (failed(plan)) return failure();
  FusedRegion region(context);
  Value allRows = domainRows(context);
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

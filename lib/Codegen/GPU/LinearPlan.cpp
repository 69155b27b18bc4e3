#include "Codegen/GPU/LinearPlan.h"

#include "Codegen/GPU/BitmapGroup.h"
#include "Codegen/GPU/TensorTile.h"

#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace lathe;

/// Work groups that keep a large GPU busy.
static constexpr int64_t kBusyGroups = 256;
static constexpr int64_t kMaxThreads = 256;
/// Loads of a task, 16 bytes each, that are on their way at a time.
static constexpr int64_t kTaskLoads = 8;

/// Columns of a quantization behind the linear, whose groups lie within a work group.
static int64_t quantizedGroup(exec::KernelOp kernel) {
  int64_t group = 1;
  for (auto op : kernel.getBody().front().getOps<QuantizeRowsOp>()) {
    auto type = cast<RankedTensorType>(op.getResult().getType());
    group = std::max<int64_t>(group, cast<QuantizedRowsAttr>(type.getEncoding()).getGroup());
  }
  return group;
}

/// Few outputs a group where there would be too few groups, but whole sectors of memory.
static int64_t fewOutputs(const LinearOperands &of, int64_t atLeast) {
  int64_t outputs = kPanelRows;
  int64_t narrowest = of.type.getEncoding().getCodeBits() > 8 ? 32 : 16;
  while (outputs > narrowest && outputs / 2 % atLeast == 0 && of.outputs / outputs < kBusyGroups)
    outputs /= 2;
  return outputs;
}

/// Columns that a task may not cross a multiple of; 0 where any may be.
static int64_t taskBounds(const GpuLinearPlan &plan) {
  if (plan.integer) return plan.rowGroup() < plan.inputs ? plan.rowGroup() : 0;
  int64_t block = plan.type.getEncoding().getBlockShape(plan.outputs, plan.inputs).second;
  return plan.scalesBlocks && block < plan.inputs ? block : 0;
}

int64_t GpuLinearPlan::productColumns() const {
  if (!integer) return inputs;
  // Weights may be padded further than to whole groups of x, behind whose last there is no scale.
  int64_t stored = packedLayout(type).paddedColumns, group = rowGroup();
  return group < inputs ? std::min(stored, int64_t(llvm::alignTo(inputs, group))) : stored;
}

/// The most columns, `most` or fewer, that still leave work for every slice.
static int64_t longestTask(const GpuLinearPlan &plan, int64_t most, int64_t slices) {
  int64_t task = plan.type.getEncoding().getCodeBits() <= 8 ? plan.unitColumns() : 1,
          bounds = taskBounds(plan);
  int64_t columns = plan.productColumns();
  while (2 * task <= most && columns / (2 * task) >= slices && bounds % (2 * task) == 0 &&
         (!plan.integer || columns % (2 * task) == 0))
    task *= 2;
  return task;
}

int64_t GpuLinearPlan::sharedBytes() const {
  int64_t bytes = 4 * resultFloats();
  if (expandedColumns)
    bytes += 4 * (BitmapMemory::codeEntries(type.getEncoding().getCodeBits(), expandedColumns) +
                  BitmapMemory::countEntries(expandedColumns));
  if (rowClass != RowClass::Many) return bytes + 4 * partialFloats();
  return bytes + 16 * stagedWeights() + (integer ? 4 : 16) * stagedInputs();
}

/// Tiles of a panel by 32 rows, or fewer where several weights' results take the room.
static void chooseMany(GpuLinearPlan &plan) {
  static constexpr int64_t kTileRows = 32, kFloatColumns = 32, kCodeColumns = 64, kThreadRows = 4;
  plan.itemOutputs = kPanelRows;
  plan.scalesBlocks = false;
  plan.itemRows = kTileRows;
  plan.taskColumns = plan.integer ? longestTask(plan, kCodeColumns, 1) : kFloatColumns;
  if (plan.type.getEncoding().getBitmap()) plan.expandedColumns = plan.taskColumns;
  while (plan.itemRows > 2 * kThreadRows && plan.sharedBytes() > int64_t(kMaxGroupMemory)) plan.itemRows /= 2;
  plan.threads = plan.quads() * plan.itemRows / kThreadRows;
}

/// The same for matrix units: twice the rows, whose weights are then decoded half as often.
static void chooseTensor(GpuLinearPlan &plan) {
  static constexpr int64_t kFloatColumns = 16;
  GpuLinearPlan wider = plan;
  wider.fitsMatrixUnits = true;
  wider.threads = TensorTile::kThreads;
  if (!plan.integer) wider.taskColumns = kFloatColumns;
  for (int64_t rows : {2 * TensorTile::kWarpRows, TensorTile::kWarpRows}) {
    wider.itemRows = rows;
    if (wider.sharedBytes() > wider.maxSharedBytes() || !planTensorTile(wider, rows)) continue;
    plan = wider;
    return;
  }
}

static bool isForCuda(exec::KernelOp kernel) {
  return cast<exec::ProgramOp>(kernel->getParentOp()).getTarget() == "cuda";
}

/// A bitmap's panel is put in its places by one group, 8 KiB at a time.
static void chooseFewOfBitmap(GpuLinearPlan &plan) {
  bool wide = plan.type.getEncoding().getCodeBits() > 8;
  plan.itemOutputs = kPanelRows;
  plan.threads = kMaxThreads;
  plan.expandedColumns = wide ? 32 : 128;
  plan.taskColumns = longestTask(plan, plan.expandedColumns / plan.slices(), plan.slices());
}

static void chooseFew(exec::KernelOp kernel, GpuLinearPlan &plan, int64_t maxRows) {
  plan.itemRows = int64_t(llvm::PowerOf2Ceil(uint64_t(maxRows)));
  plan.scalesBlocks = !plan.integer && plan.hasScaledBlocks();
  if (plan.type.getEncoding().getBitmap()) return chooseFewOfBitmap(plan);
  plan.itemOutputs = fewOutputs(plan, quantizedGroup(kernel));
  bool bytes = plan.type.getEncoding().getCodeBits() <= 8;
  int64_t most =
      bytes ? kTaskLoads * plan.unitColumns() : kTaskLoads * 32 / plan.type.getEncoding().getCodeBits();
  plan.taskColumns = longestTask(plan, most, kMaxThreads / plan.quads());
  int64_t tasks = llvm::divideCeil(plan.inputs, plan.taskColumns);
  plan.threads =
      std::clamp<int64_t>(int64_t(llvm::PowerOf2Ceil(uint64_t(tasks * plan.quads()))), 32, kMaxThreads);
}

FailureOr<GpuLinearPlan> lathe::planGpuLinearClass(exec::KernelOp kernel, int64_t maxRows) {
  FailureOr<LinearOperands> operands = linearOperands(kernel);
  if (failed(operands)) return failure();
  GpuLinearPlan plan{*operands};
  plan.rowClass = rowClassOf(maxRows);
  plan.rowClass == RowClass::Many ? chooseMany(plan) : chooseFew(kernel, plan, maxRows);
  if (plan.rowClass == RowClass::Many && isForCuda(kernel)) chooseTensor(plan);
  return plan;
}

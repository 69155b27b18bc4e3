#include "Codegen/CPU/LinearPlan.h"

#include "Codegen/Kernel/FusedRegion.h"

using namespace mlir;
using namespace lathe;

static constexpr int64_t kFewRows = 8;
/// Unpacking a panel costs as much as two of these rows.
static constexpr int64_t kItemRows = 96;
/// Codes of a pass in the second cache (256 KiB), decoded floats in the first (32 KiB), stored floats in the
/// second.
static constexpr int64_t kCodeColumns = 4096, kDecodedColumns = 128, kFloatColumns = 512;

/// Expanded columns of few rows: half of the first cache (16 KiB) where a code is a byte.
static constexpr int64_t kExpandedColumns = 256;

/// Units of codes are decoded whole, and whole groups of x are multiplied: room for either behind the last column.
int64_t LinearPlan::stagedColumns() const {
  int64_t unit = integer && rowGroup() < inputs ? std::lcm(int64_t(32), rowGroup()) : 32;
  return llvm::alignTo(passColumns, unit);
}

int64_t LinearPlan::scratchBytes() const {
  if (expanded && !integer) {
    int64_t codeBytes = std::max(8u, type.getEncoding().getCodeBits()) / 8;
    return expandedOffset() + stagedColumns() * kPanelRows * codeBytes;
  }
  return stagedOffset() + (staged ? stagedBytes() : 0);
}

/// Columns of a group of x that the narrowest code plane must not cut.
static int64_t unitOf(EncodingAttr encoding) {
  if (encoding.getBitmap()) return 4;
  for (unsigned width : {1u, 2u, 4u})
    if (encoding.getCodeBits() & width) return 32 / width;
  return 4;
}

static LogicalResult checkInteger(LinearPlan &plan) {
  EncodingAttr encoding = plan.type.getEncoding();
  if (!encoding.hasIntegerCodes())
    return plan.op.emitOpError(
        "multiplies quantized rows with codes that are not integers; leave its input unquantized");
  int64_t group = plan.rowGroup(), block = encoding.getBlockShape(plan.outputs, plan.inputs).second;
  if (block < plan.inputs && block % group != 0)
    return plan.op.emitOpError("has scales for ") << block << " columns of the weights, which groups of "
                                                  << group << " columns of the input do not divide";
  if (group < plan.inputs && group % unitOf(encoding) != 0)
    return plan.op.emitOpError("needs groups of a multiple of ")
           << unitOf(encoding) << " columns for codes of " << encoding.getCodeBits() << " bits, not "
           << group;
  return success();
}

static void chooseInteger(LinearPlan &plan) {
  int64_t group = plan.rowGroup();
  plan.passColumns = plan.inputs;
  plan.staged = plan.expanded;
  if (plan.rowClass != RowClass::Many && !plan.expanded) return;
  int64_t most = plan.rowClass == RowClass::Many ? kCodeColumns : kExpandedColumns;
  plan.passColumns = std::min(plan.inputs, std::max(group, most / group * group));
  if (plan.expanded) return;
  // Where x has groups and the weights have none, the last group may reach behind the stored codes.
  int64_t stored = packedLayout(plan.type).paddedColumns;
  plan.staged = plan.type.getEncoding().getCodeBits() != 8 || (group < plan.inputs && stored % group != 0);
}

static bool hasScaledBlocks(const LinearPlan &plan) {
  EncodingAttr encoding = plan.type.getEncoding();
  if (encoding.getCodeBits() > 8 || !encoding.getScale() || encoding.getOffset()) return false;
  int64_t block = encoding.getBlockShape(plan.outputs, plan.inputs).second;
  return block >= plan.inputs || block % unitOf(encoding) == 0;
}

static void chooseFloat(LinearPlan &plan) {
  EncodingAttr encoding = plan.type.getEncoding();
  bool plain = encoding.getCodeBits() > 8 && !encoding.getScale() && !encoding.getOffset(),
       one = plan.rowClass == RowClass::One && !plan.expanded;
  plan.scalesBlocks = plan.rowClass != RowClass::Many && !plan.expanded && hasScaledBlocks(plan);
  plan.staged = !one && !plain && !plan.scalesBlocks;
  int64_t most = plan.staged || (plan.expanded && plan.rowClass != RowClass::Many) ? kDecodedColumns : kFloatColumns;
  if (one || plan.scalesBlocks) most = plan.inputs;
  plan.passColumns = std::min(plan.inputs, most);
}

static LogicalResult checkOperands(exec::KernelOp kernel, LinearOp op) {
  for (Value weight : op.getWeights()) {
    auto type = cast<WeightType>(weight.getType());
    if (!isa<BlockArgument>(weight))
      return op.emitOpError("reads a weight that is not an argument of its kernel");
    if (type.getPanel() != kPanelRows)
      return op.emitOpError("needs weights in panels of ")
             << kPanelRows << " rows on CPUs; lathe.pack makes them";
  }
  if (!FusedRegion::isStored(op.getInput()))
    return op.emitOpError("reads rows that its own kernel computes; form the dispatch behind them");
  return success();
}

FailureOr<LinearPlan> lathe::planLinearClass(exec::KernelOp kernel, int64_t maxRows) {
  auto op = cast<LinearOp>(findRoot(kernel));
  if (failed(checkOperands(kernel, op))) return failure();
  LinearPlan plan;
  plan.op = op;
  plan.type = cast<WeightType>(op.getWeights().front().getType());
  plan.outputs = plan.type.getRows();
  plan.inputs = plan.type.getColumns();
  plan.numWeights = int64_t(op.getWeights().size());
  Value stored = op.getInput();
  while (Operation *view = stored.getDefiningOp()) stored = view->getOperand(0);
  unsigned number = cast<BlockArgument>(stored).getArgNumber();
  plan.input = cast<exec::SliceType>(cast<TypeAttr>(kernel.getSlices()[number]).getValue());
  plan.integer = plan.input.getGroup() != 0;
  plan.expanded = plan.type.getEncoding().getBitmap();
  plan.rowClass = maxRows == 1 ? RowClass::One : maxRows <= kFewRows ? RowClass::Few : RowClass::Many;
  plan.itemRows = plan.rowClass == RowClass::One
                      ? 1
                      : std::min(maxRows, plan.rowClass == RowClass::Few ? kFewRows : kItemRows);
  if (plan.integer && failed(checkInteger(plan))) return failure();
  plan.integer ? chooseInteger(plan) : chooseFloat(plan);
  return plan;
}

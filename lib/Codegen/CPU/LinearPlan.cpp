#include "Codegen/CPU/LinearPlan.h"

using namespace mlir;
using namespace lathe;

/// Unpacking a panel costs as much as two of these rows.
static constexpr int64_t kItemRows = 96;
/// Codes of a pass in the second cache (256 KiB), decoded floats in the first (32 KiB), stored floats in the
/// second.
static constexpr int64_t kCodeColumns = 4096, kDecodedColumns = 128, kFloatColumns = 512;

/// Expanded columns of few rows: so few that reading codes and multiplying them take turns within what is prefetched.
static constexpr int64_t kExpandedColumns = 64;

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

static void chooseFloat(LinearPlan &plan) {
  EncodingAttr encoding = plan.type.getEncoding();
  bool plain = encoding.getCodeBits() > 8 && !encoding.getScale() && !encoding.getOffset(),
       one = plan.rowClass == RowClass::One && !plan.expanded;
  plan.scalesBlocks = plan.rowClass != RowClass::Many && !plan.expanded && plan.hasScaledBlocks();
  plan.staged = !one && !plain && !plan.scalesBlocks;
  int64_t most = plan.staged ? kDecodedColumns : kFloatColumns;
  if (plan.expanded && plan.rowClass != RowClass::Many) most = kExpandedColumns;
  if (one || plan.scalesBlocks) most = plan.inputs;
  plan.passColumns = std::min(plan.inputs, most);
}

FailureOr<LinearPlan> lathe::planLinearClass(exec::KernelOp kernel, int64_t maxRows) {
  FailureOr<LinearOperands> operands = linearOperands(kernel);
  if (failed(operands)) return failure();
  LinearPlan plan{*operands};
  plan.expanded = plan.type.getEncoding().getBitmap();
  plan.rowClass = rowClassOf(maxRows);
  plan.itemRows = plan.rowClass == RowClass::One
                      ? 1
                      : std::min(maxRows, plan.rowClass == RowClass::Few ? kFewRows : kItemRows);
  plan.integer ? chooseInteger(plan) : chooseFloat(plan);
  return plan;
}

#include "Codegen/Kernel/LinearOperands.h"

#include "Codegen/Kernel/FusedRegion.h"

using namespace mlir;
using namespace lathe;

bool lathe::matchLinear(exec::KernelOp kernel) { return isa_and_nonnull<LinearOp>(findRoot(kernel)); }

int64_t LinearOperands::unitColumns() const { return lathe::unitColumns(type.getEncoding()); }

bool LinearOperands::hasScaledBlocks() const {
  EncodingAttr encoding = type.getEncoding();
  if (encoding.getCodeBits() > 8 || !encoding.getScale() || encoding.getOffset()) return false;
  int64_t block = encoding.getBlockShape(outputs, inputs).second;
  return block >= inputs || block % unitColumns() == 0;
}

static LogicalResult checkOperands(exec::KernelOp kernel, LinearOp op) {
  for (Value weight : op.getWeights()) {
    auto type = cast<WeightType>(weight.getType());
    if (!isa<BlockArgument>(weight))
      return op.emitOpError("reads a weight that is not an argument of its kernel");
    if (type.getPanel() != kPanelRows)
      return op.emitOpError("needs weights in panels of ") << kPanelRows << " rows; lathe.pack makes them";
  }
  if (!FusedRegion::isStored(op.getInput()))
    return op.emitOpError("reads rows that its own kernel computes; form the dispatch behind them");
  return success();
}

static LogicalResult checkInteger(LinearOperands &of) {
  EncodingAttr encoding = of.type.getEncoding();
  if (!encoding.hasIntegerCodes())
    return of.op.emitOpError(
        "multiplies quantized rows with codes that are not integers; leave its input unquantized");
  int64_t group = of.rowGroup(), block = encoding.getBlockShape(of.outputs, of.inputs).second;
  if (block < of.inputs && block % group != 0)
    return of.op.emitOpError("has scales for ") << block << " columns of the weights, which groups of "
                                                << group << " columns of the input do not divide";
  std::string why = group < of.inputs ? whyNotInGroups(encoding, group) : "";
  return why.empty() ? success() : of.op.emitOpError(why);
}

FailureOr<LinearOperands> lathe::linearOperands(exec::KernelOp kernel) {
  auto op = cast<LinearOp>(findRoot(kernel));
  if (failed(checkOperands(kernel, op))) return failure();
  LinearOperands of;
  of.op = op;
  of.type = cast<WeightType>(op.getWeights().front().getType());
  of.outputs = of.type.getRows();
  of.inputs = of.type.getColumns();
  of.numWeights = int64_t(op.getWeights().size());
  Value stored = op.getInput();
  while (Operation *view = stored.getDefiningOp()) stored = view->getOperand(0);
  unsigned number = cast<BlockArgument>(stored).getArgNumber();
  of.input = cast<exec::SliceType>(cast<TypeAttr>(kernel.getSlices()[number]).getValue());
  of.integer = of.input.getGroup() != 0;
  if (of.integer && failed(checkInteger(of))) return failure();
  return of;
}

SmallVector<int64_t, 3> lathe::linearRowClasses(int64_t maxRows) {
  SmallVector<int64_t, 3> classes;
  for (int64_t rows : {int64_t(1), kFewRows, maxRows})
    if (rows <= maxRows && (classes.empty() || rows > classes.back())) classes.push_back(rows);
  return classes;
}

RowClass lathe::rowClassOf(int64_t maxRows) {
  return maxRows == 1 ? RowClass::One : maxRows <= kFewRows ? RowClass::Few : RowClass::Many;
}

SmallVector<unsigned> lathe::quantizedResults(exec::KernelOp kernel) {
  SmallVector<unsigned> numbers;
  for (auto [index, value] : llvm::enumerate(kernel.getBody().front().getTerminator()->getOperands()))
    if (value.getDefiningOp<QuantizeRowsOp>()) numbers.push_back(unsigned(index));
  return numbers;
}

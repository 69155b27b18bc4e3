#include "RowDomains.h"

using namespace mlir;
using namespace lathe;
using exec::RowDomain;

RowDomain RowDomains::get(Value value) const {
  auto found = domains.find(value);
  return found == domains.end() ? RowDomain::Rows : found->second;
}

LogicalResult RowDomains::analyze(Block &block) {
  for (Operation &op : block)
    if (failed(visit(op))) return failure();
  return success();
}

LogicalResult RowDomains::visitDispatch(DispatchOp dispatch) {
  Block &body = dispatch.getBody().front();
  for (auto [argument, input] : llvm::zip(body.getArguments(), dispatch.getInputs()))
    set(argument, get(input));
  if (failed(analyze(body))) return failure();
  for (auto [result, value] : llvm::zip(dispatch.getResults(), body.getTerminator()->getOperands()))
    set(result, get(value));
  return success();
}

LogicalResult RowDomains::visit(Operation &op) {
  if (auto dispatch = dyn_cast<DispatchOp>(op)) return visitDispatch(dispatch);
  if (op.hasTrait<OpTrait::IsTerminator>()) return success();
  std::optional<RowDomain> domain;
  for (Value operand : op.getOperands()) {
    if (!isa<RankedTensorType>(operand.getType())) continue;
    RowDomain own = get(operand);
    if (domain && *domain != own)
      return op.emitError() << "mixes tensors of " << stringifyRowDomain(*domain) << " and of "
                            << stringifyRowDomain(own) << "; select or pool both operands";
    domain = own;
  }
  bool narrows = isa<SelectOutputsOp, PoolOp>(op);
  bool sequential = isa<AttentionOp, CacheWriteOp, DecayScanOp>(op);
  if ((narrows || sequential) && domain && *domain != RowDomain::Rows)
    return op.emitError() << "needs every row of the batch, but gets one a "
                          << (*domain == RowDomain::Outputs ? "selected row" : "sequence");
  if (isa<TopLogitsOp>(op) && domain != RowDomain::Outputs)
    return op.emitError() << "needs the rows that want logits: their draws are the batch's";
  if (isa<SelectOutputsOp>(op)) domain = RowDomain::Outputs;
  if (isa<PoolOp>(op)) domain = RowDomain::Sequences;
  for (Value result : op.getResults())
    if (isa<RankedTensorType>(result.getType())) set(result, domain.value_or(RowDomain::Rows));
  return success();
}

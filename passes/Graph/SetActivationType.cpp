// lathe-set-activation-type: what one step hands to the next, in fewer bits.
#include "Graph/ElementTypes.h"
#include "Graph/Passes.h"
#include "Remarks.h"

#include "mlir/IR/IRMapping.h"

namespace lathe {
#define GEN_PASS_DEF_SETACTIVATIONTYPEPASS
#include "Graph/Passes.h.inc"
} // namespace lathe

using namespace mlir;
using namespace lathe;

namespace {

bool isElementWise(Operation *op) {
  auto fusable = dyn_cast<FusableOpInterface>(op);
  return fusable && fusable.getLocality() == Locality::Element;
}

bool isF32Rows(Value value) {
  auto type = dyn_cast<RankedTensorType>(value.getType());
  return type && type.getRank() == 2 && type.getElementType().isF32();
}

/// Walks a block in order and rounds each tensor that leaves its step.
class Narrowing {
public:
  Narrowing(Block &block, Type elementType)
      : block(block), elementType(elementType), builder(elementType.getContext()) {}

  unsigned run() {
    for (Operation &op : llvm::make_early_inc_range(block)) visit(&op);
    for (Operation *op : llvm::reverse(replaced)) op->erase();
    return rounded;
  }

private:
  void visit(Operation *op) {
    if (op->hasTrait<OpTrait::IsTerminator>()) return;
    builder.setInsertionPoint(op);
    if (isa<SplitOp, SelectOutputsOp, PoolOp, AttentionOp>(op) && narrow.contains(op->getOperand(0)))
      return retype(op);
    for (OpOperand &operand : op->getOpOperands())
      if (narrow.contains(operand.get()))
        operand.set(isa<LinearOp, QuantizeRowsOp>(op) ? narrow.lookup(operand.get())
                                                      : widened(operand.get()));
    builder.setInsertionPointAfter(op);
    for (Value result : op->getResults())
      if (leavesStep(result)) round(result);
  }

  /// Ops that pass rows on, and attention, work on the narrow type itself.
  void retype(Operation *op) {
    IRMapping mapping;
    bool allNarrow = llvm::all_of(op->getOperands(),
                                  [&](Value value) { return !isF32Rows(value) || narrow.contains(value); });
    for (auto [number, operand] : llvm::enumerate(op->getOperands()))
      if (narrow.contains(operand))
        mapping.map(operand, number == 0 || allNarrow ? narrow.lookup(operand) : widened(operand));
    Operation *changed = builder.clone(*op, mapping);
    for (auto [before, after] : llvm::zip(op->getResults(), changed->getResults())) {
      after.setType(cast<RankedTensorType>(before.getType()).clone(elementType));
      narrow[before] = after;
      // An entry point's result stays f32.
      builder.setInsertionPointAfter(changed);
      if (llvm::any_of(before.getUsers(), isTerminator))
        before.replaceUsesWithIf(widened(before),
                                 [](OpOperand &use) { return isTerminator(use.getOwner()); });
    }
    replaced.push_back(op);
  }

  static bool isTerminator(Operation *op) { return op->hasTrait<OpTrait::IsTerminator>(); }

  Value widened(Value value) {
    return ConvertOp::create(builder, value.getLoc(), value.getType(), narrow.lookup(value));
  }

  void round(Value result) {
    auto type = cast<RankedTensorType>(result.getType()).clone(elementType);
    narrow[result] = ConvertOp::create(builder, result.getLoc(), type, result);
    ++rounded;
  }

  /// Whether the tensor is handed to another kernel: not where only element-wise work follows, which joins
  /// the kernel.
  static bool leavesStep(Value result) {
    Operation *def = result.getDefiningOp();
    if (!isF32Rows(result) || isa<RopeTableOp, DecayScanOp, SplitOp, SelectOutputsOp, PoolOp>(def))
      return false;
    bool joins = isa<LinearOp, EmbeddingOp>(def) || isElementWise(def);
    bool leaves = false;
    for (Operation *user : result.getUsers()) {
      if (isa<DecayScanOp>(user)) return false;
      if (isTerminator(user) || isa<CacheWriteOp>(user)) continue;
      leaves |= !joins || !isElementWise(user);
    }
    return leaves;
  }

  Block &block;
  Type elementType;
  OpBuilder builder;
  llvm::DenseMap<Value, Value> narrow;
  SmallVector<Operation *> replaced;
  unsigned rounded = 0;
};

struct SetActivationTypePass : lathe::impl::SetActivationTypePassBase<SetActivationTypePass> {
  using Base::Base;

  void runOnOperation() override {
    Type elementType = parseElementType(&getContext(), type);
    if (!elementType) {
      getOperation().emitError() << "no activation type '" << type << "'; use f32, bf16 or f16";
      return signalPassFailure();
    }
    if (elementType.isF32() || getOperation().isExternal() || !getOperation().getBody().hasOneBlock()) return;
    unsigned rounded = Narrowing(getOperation().getBody().front(), elementType).run();
    remarkPassed(getOperation(), "set-activation-type",
                 Twine(rounded) + " tensors between steps are " + type);
  }
};

} // namespace

// lathe-form-dispatches: wraps the groups that DispatchGroups finds.
#include "Lower/DispatchGroups.h"
#include "Lower/Passes.h"

#include "mlir/IR/IRMapping.h"

namespace lathe {
#define GEN_PASS_DEF_FORMDISPATCHESPASS
#include "Lower/Passes.h.inc"
} // namespace lathe

using namespace mlir;
using namespace lathe;

namespace {

/// Rebuilds a block, in an order that its groups allow: one dispatch for each group.
class BlockRebuilder {
public:
  BlockRebuilder(Block &block, const DispatchGroups &groups)
      : block(block), groups(groups), builder(&block, block.begin()) {
    builder.setInsertionPoint(block.getTerminator());
  }

  void run() {
    SmallVector<Operation *> ops =
        llvm::map_to_vector(block.without_terminator(), [](Operation &op) { return &op; });
    for (Operation *op : ops) place(op);
    for (OpOperand &operand : block.getTerminator()->getOpOperands())
      operand.set(mapping.lookupOrDefault(operand.get()));
    for (Operation *op : llvm::reverse(ops))
      if (groups.groupOf(op) || (isInlinedRead(op) && op->use_empty())) op->erase();
  }

private:
  /// Emits the op, or its group, behind everything that it needs.
  void place(Operation *op) {
    const DispatchGroup *group = groups.groupOf(op);
    Operation *key = group ? group->front() : op;
    if (!placed.insert(key).second) return;
    for (Operation *before : groups.predecessors(op)) place(before);
    if (group) return emit(*group);
    op->moveBefore(block.getTerminator());
    for (OpOperand &operand : op->getOpOperands()) operand.set(mapping.lookupOrDefault(operand.get()));
  }

  void emit(const DispatchGroup &group) {
    SmallVector<Value> results;
    for (Operation *op : group)
      for (Value result : op->getResults())
        if (llvm::any_of(result.getUsers(), [&](Operation *user) { return !group.contains(user); }))
          results.push_back(result);
    SetVector<Value> inputs = inputsOf(group);
    SmallVector<Value> operands =
        llvm::map_to_vector(inputs, [&](Value value) { return mapping.lookupOrDefault(value); });
    auto dispatch =
        DispatchOp::create(builder, rootOf(group)->getLoc(), ValueRange(results).getTypes(), operands);
    fillBody(dispatch, group, inputs.getArrayRef(), results);
    mapping.map(results, dispatch.getResults());
  }

  static Operation *rootOf(const DispatchGroup &group) {
    for (Operation *op : group)
      if (isDispatchRoot(op)) return op;
    return group.front();
  }

  /// The op to compute again in the dispatch instead of passing its result.
  static Operation *inlinedRead(Value value) {
    Operation *def = value.getDefiningOp();
    return def && isInlinedRead(def) ? def : nullptr;
  }

  static SetVector<Value> inputsOf(const DispatchGroup &group) {
    SetVector<Value> inputs;
    for (Operation *op : group)
      for (Value operand : op->getOperands()) {
        if (Operation *read = inlinedRead(operand)) operand = read->getOperand(0);
        if (!operand.getDefiningOp() || !group.contains(operand.getDefiningOp())) inputs.insert(operand);
      }
    return inputs;
  }

  void fillBody(DispatchOp dispatch, const DispatchGroup &group, ArrayRef<Value> inputs,
                ArrayRef<Value> results) {
    Block *body = &dispatch.getBody().emplaceBlock();
    IRMapping inner;
    for (Value input : inputs) inner.map(input, body->addArgument(input.getType(), input.getLoc()));
    OpBuilder bodyBuilder = OpBuilder::atBlockEnd(body);
    for (Operation *op : group) {
      for (Value operand : op->getOperands())
        if (Operation *read = inlinedRead(operand); read && !inner.contains(operand))
          bodyBuilder.clone(*read, inner);
      bodyBuilder.clone(*op, inner);
    }
    SmallVector<Value> yields =
        llvm::map_to_vector(results, [&](Value value) { return inner.lookup(value); });
    YieldOp::create(bodyBuilder, dispatch.getLoc(), yields);
  }

  Block &block;
  const DispatchGroups &groups;
  OpBuilder builder;
  IRMapping mapping;
  llvm::DenseSet<Operation *> placed;
};

struct FormDispatchesPass : lathe::impl::FormDispatchesPassBase<FormDispatchesPass> {
  void runOnOperation() override {
    if (getOperation().isExternal()) return;
    if (!getOperation().getBody().hasOneBlock()) {
      getOperation().emitError() << "has control flow; an entry point is one block of ops";
      return signalPassFailure();
    }
    Block &body = getOperation().getBody().front();
    DispatchGroups groups(body);
    BlockRebuilder(body, groups).run();
  }
};

} // namespace

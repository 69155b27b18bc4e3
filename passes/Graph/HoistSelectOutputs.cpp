// lathe-hoist-select-outputs: what only feeds logits runs for the rows that want logits.
#include "Graph/Passes.h"
#include "Remarks.h"

#include "mlir/IR/IRMapping.h"

namespace lathe {
#define GEN_PASS_DEF_HOISTSELECTOUTPUTSPASS
#include "Graph/Passes.h.inc"
} // namespace lathe

using namespace mlir;
using namespace lathe;

namespace {

constexpr llvm::StringLiteral kPass = "hoist-select-outputs";

bool isRowWise(Operation *op) {
  auto isComputed = [](Value operand) {
    return !isa<RankedTensorType>(operand.getType()) || operand.getDefiningOp();
  };
  return op && isa<FusableOpInterface, LinearOp>(op) && llvm::all_of(op->getOperands(), isComputed);
}

/// Moves selections upwards, one op at a time, from the end of the block to its beginning.
class Hoist {
public:
  explicit Hoist(Block &block) : block(block) {}

  unsigned run() {
    for (Operation *op = &block.back(); op;) {
      // The op in front may be a selection that the move has just made; it is visited when its turn comes.
      Operation *previous = op->getPrevNode();
      if (isRowWise(op) && feedsSelectionsOnly(op)) {
        previous = moveBehindSelection(op);
        ++moved;
      }
      op = previous;
    }
    return moved;
  }

private:
  static bool feedsSelectionsOnly(Operation *op) {
    return !op->use_empty() && llvm::all_of(op->getUsers(), llvm::IsaPred<SelectOutputsOp>);
  }

  /// select(op(x)) becomes op(select(x)). Returns the op to go on with.
  Operation *moveBehindSelection(Operation *op) {
    SmallVector<Operation *> selections(op->getUsers().begin(), op->getUsers().end());
    OpBuilder builder(op);
    Value batch = cast<SelectOutputsOp>(selections.front()).getBatch();
    Operation *before = op->getPrevNode();
    IRMapping mapping;
    for (Value operand : op->getOperands())
      if (isa<RankedTensorType>(operand.getType()) && !mapping.contains(operand))
        mapping.map(operand, selected(builder, operand, batch, op->getLoc()));
    Operation *narrow = builder.clone(*op, mapping);
    for (auto [wide, result] : llvm::zip(op->getResults(), narrow->getResults()))
      for (Operation *user : llvm::make_early_inc_range(wide.getUsers())) {
        user->getResult(0).replaceAllUsesWith(result);
        user->erase();
      }
    op->erase();
    return before;
  }

  /// The one selection of a value; it stands right behind the value, so that every user is behind it.
  Value selected(OpBuilder &builder, Value value, Value batch, Location loc) {
    for (Operation *user : value.getUsers())
      if (auto selection = dyn_cast<SelectOutputsOp>(user)) {
        selection->moveAfter(value.getDefiningOp());
        return selection;
      }
    OpBuilder::InsertionGuard guard(builder);
    builder.setInsertionPointAfterValue(value);
    return SelectOutputsOp::create(builder, loc, value.getType(), value, batch);
  }

  Block &block;
  unsigned moved = 0;
};

struct HoistSelectOutputsPass : lathe::impl::HoistSelectOutputsPassBase<HoistSelectOutputsPass> {
  void runOnOperation() override {
    if (getOperation().isExternal() || !getOperation().getBody().hasOneBlock()) return;
    Block &block = getOperation().getBody().front();
    unsigned moved = Hoist(block).run();
    if (moved)
      remarkPassed(getOperation(), kPass, Twine(moved) + " ops run for the rows that want logits only");
    for (auto selection : block.getOps<SelectOutputsOp>()) {
      Operation *def = selection.getInput().getDefiningOp();
      if (isRowWise(def))
        remarkMissed(selection, kPass,
                     "stays behind " + def->getName().getStringRef() + ", which other ops read as well");
    }
  }
};

} // namespace

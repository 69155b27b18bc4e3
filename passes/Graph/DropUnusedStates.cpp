// lathe-drop-unused-states: a state that nothing reads costs memory in every block of the cache.
#include "Graph/Passes.h"
#include "Remarks.h"

namespace lathe {
#define GEN_PASS_DEF_DROPUNUSEDSTATESPASS
#include "Graph/Passes.h.inc"
} // namespace lathe

using namespace mlir;
using namespace lathe;

namespace {

struct DropUnusedStatesPass : lathe::impl::DropUnusedStatesPassBase<DropUnusedStatesPass> {
  void runOnOperation() override {
    llvm::DenseSet<Attribute> read;
    llvm::DenseMap<Attribute, SmallVector<CacheWriteOp>> writes;
    getOperation().walk([&](Operation *op) {
      if (auto write = dyn_cast<CacheWriteOp>(op))
        writes[write.getStateAttr().getAttr()].push_back(write);
      else if (auto name = op->getAttrOfType<FlatSymbolRefAttr>("state"))
        read.insert(name.getAttr());
    });
    for (auto state : llvm::make_early_inc_range(getOperation().getOps<StateDeclOp>())) {
      if (read.contains(state.getSymNameAttr())) continue;
      ArrayRef<CacheWriteOp> dead = writes[state.getSymNameAttr()];
      remarkPassed(state, "drop-unused-states",
                   "nothing reads @" + state.getSymName() + "; removed with " + Twine(dead.size()) +
                       " writes to it");
      for (CacheWriteOp write : dead) write.erase();
      state.erase();
    }
  }
};

} // namespace

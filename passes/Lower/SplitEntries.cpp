// lathe-split-entries: a function for each result of a model.
#include "Lathe/EntryPoints.h"
#include "Lower/Passes.h"

namespace lathe {
#define GEN_PASS_DEF_SPLITENTRIESPASS
#include "Lower/Passes.h.inc"
} // namespace lathe

using namespace mlir;
using namespace lathe;

namespace {

/// Leaves one result of a function, and the work that it needs.
void keepResult(func::FuncOp function, unsigned result) {
  llvm::BitVector others(function.getNumResults(), true);
  others.reset(result);
  Block &block = function.getBody().front();
  block.getTerminator()->eraseOperands(others);
  (void)function.eraseResults(others);
  if (DictionaryAttr kept = function.getResultAttrDict(0); kept && !kept.empty())
    function.setResultAttrs(0, ArrayRef<NamedAttribute>());
  for (Operation &op : llvm::make_early_inc_range(llvm::reverse(block)))
    if (isOpTriviallyDead(&op)) op.erase();
}

struct SplitEntriesPass : lathe::impl::SplitEntriesPassBase<SplitEntriesPass> {
  void runOnOperation() override {
    for (auto function : llvm::make_early_inc_range(getOperation().getOps<func::FuncOp>()))
      if (function.getNumResults() > 1 && failed(split(function))) return signalPassFailure();
  }

  LogicalResult split(func::FuncOp function) {
    if (function.isExternal() || !function.getBody().hasOneBlock())
      return function.emitError() << "is not one block of ops";
    OpBuilder builder(function);
    builder.setInsertionPointAfter(function);
    for (unsigned result = 1; result < function.getNumResults(); ++result) {
      StringAttr name = entryName(function, result);
      if (!name || getOperation().lookupSymbol(name))
        return function.emitError() << "result " << result << " needs a name of its own in lathe.entry";
      auto entry = cast<func::FuncOp>(builder.clone(*function));
      entry.setSymNameAttr(name);
      keepResult(entry, result);
    }
    keepResult(function, 0);
    return success();
  }
};

} // namespace

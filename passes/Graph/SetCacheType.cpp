// lathe-set-cache-type: what attention remembers, in fewer bits.
#include "Graph/ElementTypes.h"
#include "Graph/Passes.h"
#include "Graph/WeightUses.h"
#include "Remarks.h"

namespace lathe {
#define GEN_PASS_DEF_SETCACHETYPEPASS
#include "Graph/Passes.h.inc"
} // namespace lathe

using namespace mlir;
using namespace lathe;

namespace {

struct SetCacheTypePass : lathe::impl::SetCacheTypePassBase<SetCacheTypePass> {
  using Base::Base;

  void runOnOperation() override {
    Type elementType = parseElementType(&getContext(), type);
    if (!elementType) {
      getOperation().emitError() << "no cache type '" << type << "'; use f32, bf16 or f16";
      return signalPassFailure();
    }
    for (auto state : getOperation().getOps<StateDeclOp>()) {
      auto old = cast<StateType>(state.getType());
      if (old.getKind() != StateKind::Growing || old.getElementType() == elementType) continue;
      auto changed = StateType::get(&getContext(), old.getKind(), old.getShape(), elementType);
      state.setTypeAttr(TypeAttr::get(changed));
      remarkPassed(state, "set-cache-type",
                   "@" + state.getSymName() + " is " + printed(changed) + " instead of " + printed(old));
    }
  }
};

} // namespace

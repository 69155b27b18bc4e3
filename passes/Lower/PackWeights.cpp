// lathe-pack-weights: every matrix that a kernel reads is stored once, in panels of rows.
#include "Lower/Passes.h"
#include "Remarks.h"

namespace lathe {
#define GEN_PASS_DEF_PACKWEIGHTSPASS
#include "Lower/Passes.h.inc"
} // namespace lathe

using namespace mlir;
using namespace lathe;

namespace {

/// Rows that a packed weight interleaves: four vectors of sixteen lanes.
constexpr int64_t kPanelRows = 64;

struct PackWeightsPass : lathe::impl::PackWeightsPassBase<PackWeightsPass> {
  void runOnOperation() override {
    llvm::MapVector<Value, SmallVector<OpOperand *>> uses;
    getOperation().walk([&](Operation *op) {
      if (!isa<LinearOp, EmbeddingOp>(op)) return;
      for (OpOperand &operand : op->getOpOperands()) {
        auto type = dyn_cast<WeightType>(operand.get().getType());
        if (type && !type.getPanel() && operand.get().getDefiningOp())
          uses[operand.get()].push_back(&operand);
      }
    });
    for (auto &[weight, operands] : uses) pack(weight, operands);
  }

  static void pack(Value weight, ArrayRef<OpOperand *> operands) {
    auto type = cast<WeightType>(weight.getType());
    OpBuilder builder(weight.getContext());
    builder.setInsertionPointAfterValue(weight);
    auto packed = PackOp::create(builder, weight.getLoc(),
                                 WeightType::get(type.getShape(), type.getEncoding(), kPanelRows), weight);
    for (OpOperand *operand : operands) operand->set(packed);
    if (operands.size() > 1)
      remarkPassed(packed, "pack-weights", "one stored copy serves " + Twine(operands.size()) + " uses");
  }
};

} // namespace

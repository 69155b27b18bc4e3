// lathe-fold-norm-scale: W (n * s) = (W diag(s)) n.
#include "Graph/Passes.h"
#include "Graph/WeightUses.h"
#include "Remarks.h"

namespace lathe {
#define GEN_PASS_DEF_FOLDNORMSCALEPASS
#include "Graph/Passes.h.inc"
} // namespace lathe

using namespace mlir;
using namespace lathe;

namespace {

constexpr llvm::StringLiteral kPass = "fold-norm-scale";

/// Why the scale of this norm can't move; empty where it can.
std::string whyNotFoldable(RMSNormOp norm) {
  if (norm->use_empty()) return "nothing uses the norm";
  for (Operation *user : norm->getUsers()) {
    auto linear = dyn_cast<LinearOp>(user);
    if (!linear) return (user->getName().getStringRef() + " reads the norm's result as well").str();
    for (Value weight : linear.getWeights()) {
      auto type = cast<WeightType>(weight.getType());
      if (!type.getEncoding().isPlain() || type.getPanel())
        return "a matrix behind it is encoded already, as " + printed(type);
      if (!weight.hasOneUse()) return "a matrix behind it is used elsewhere too";
    }
  }
  return "";
}

void fold(RMSNormOp norm) {
  unsigned count = 0;
  for (Operation *user : norm->getUsers()) {
    OpBuilder builder(user);
    for (OpOperand &operand : cast<LinearOp>(user).getWeightsMutable()) {
      auto type = cast<WeightType>(operand.get().getType());
      auto scaled = WeightType::get(type.getShape(), EncodingAttr::get(builder.getF32Type()));
      operand.set(ScaleColumnsOp::create(builder, norm.getLoc(), scaled, operand.get(), norm.getScale()));
      ++count;
    }
  }
  norm.getScaleMutable().clear();
  remarkPassed(norm, kPass, "the scale went into " + Twine(count) + " matrices, which are f32 now");
}

struct FoldNormScalePass : lathe::impl::FoldNormScalePassBase<FoldNormScalePass> {
  void runOnOperation() override {
    getOperation().walk([](Operation *op) {
      if (isa<LayerNormOp>(op))
        remarkMissed(op, kPass, "the scale stays: the norm's bias would have to be multiplied as well");
      auto norm = dyn_cast<RMSNormOp>(op);
      if (!norm || !norm.getScale()) return;
      if (std::string reason = whyNotFoldable(norm); !reason.empty())
        remarkMissed(norm, kPass, "the scale stays: " + reason);
      else
        fold(norm);
    });
  }
};

} // namespace

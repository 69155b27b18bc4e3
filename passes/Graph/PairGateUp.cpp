// lathe-pair-gate-up: gate and up of a gated MLP, tile by tile together.
#include "Graph/Passes.h"
#include "Graph/WeightUses.h"
#include "Remarks.h"

namespace lathe {
#define GEN_PASS_DEF_PAIRGATEUPPASS
#include "Graph/Passes.h.inc"
} // namespace lathe

using namespace mlir;
using namespace lathe;

namespace {

constexpr llvm::StringLiteral kPass = "pair-gate-up";

/// The linear behind a value, through a bias.
LinearOp linearBehind(Value value) {
  if (auto bias = value.getDefiningOp<BiasOp>()) value = bias.getInput();
  return value.getDefiningOp<LinearOp>();
}

struct Pair {
  LinearOp gate, up;
};

/// Matches mul(activation(linear), linear), in either order.
std::optional<Pair> matchGatedProduct(MulOp mul) {
  for (auto [gated, plain] : {std::pair(mul.getLhs(), mul.getRhs()), std::pair(mul.getRhs(), mul.getLhs())}) {
    auto activation = gated.getDefiningOp<ActivationOp>();
    if (!activation) continue;
    LinearOp gate = linearBehind(activation.getInput()), up = linearBehind(plain);
    if (gate && up && gate != up) return Pair{gate, up};
  }
  return std::nullopt;
}

std::string whyNotPaired(Pair pair) {
  auto [gate, up] = pair;
  if (gate.getInput() != up.getInput()) return "gate and up have different inputs";
  for (LinearOp linear : {gate, up}) {
    if (!onlyWeight(linear)) return "one of them has several weights already";
    if (!linear.getResult(0).hasOneUse()) return "one of the products is needed elsewhere as well";
  }
  Type gateType = onlyWeight(gate).getType(), upType = onlyWeight(up).getType();
  if (gateType != upType)
    return "weights that share a kernel have one type, not " + printed(gateType) + " and " + printed(upType);
  if (gate.getResult(0).getType() != up.getResult(0).getType()) return "the products have different types";
  return "";
}

void replaceByPair(Pair pair) {
  auto [gate, up] = pair;
  LinearOp first = gate->isBeforeInBlock(up) ? gate : up;
  for (LinearOp linear : {gate, up}) hoistExpression(onlyWeight(linear), first);
  OpBuilder builder(first);
  auto both = LinearOp::create(builder, builder.getFusedLoc({gate.getLoc(), up.getLoc()}),
                               TypeRange{gate.getResult(0).getType(), up.getResult(0).getType()},
                               gate.getInput(), ValueRange{onlyWeight(gate), onlyWeight(up)});
  remarkPassed(both, kPass, "gate and up share one kernel over " + printed(onlyWeight(gate).getType()));
  gate.getResult(0).replaceAllUsesWith(both.getResult(0));
  up.getResult(0).replaceAllUsesWith(both.getResult(1));
  gate.erase();
  up.erase();
}

struct PairGateUpPass : lathe::impl::PairGateUpPassBase<PairGateUpPass> {
  void runOnOperation() override {
    getOperation().walk([](MulOp mul) {
      std::optional<Pair> pair = matchGatedProduct(mul);
      if (!pair) return;
      if (std::string reason = whyNotPaired(*pair); !reason.empty())
        remarkMissed(mul, kPass, "gate and up stay apart: " + reason);
      else
        replaceByPair(*pair);
    });
  }
};

} // namespace

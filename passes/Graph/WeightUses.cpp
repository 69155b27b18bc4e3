#include "Graph/WeightUses.h"

using namespace mlir;
using namespace lathe;

void lathe::hoistExpression(Value weight, Operation *before) {
  Operation *def = weight.getDefiningOp();
  if (!def || def->getBlock() != before->getBlock() || def->isBeforeInBlock(before)) return;
  for (Value operand : def->getOperands()) hoistExpression(operand, before);
  def->moveBefore(before);
}

std::string lathe::whyNotMergeable(LinearOp linear) {
  Value weight = onlyWeight(linear);
  if (!weight) return "it has several weights already";
  auto type = cast<WeightType>(weight.getType());
  if (!type.getEncoding().isPlain()) return "its weight is encoded already, as " + printed(type);
  if (type.getPanel()) return "its weight is packed already";
  if (!weight.hasOneUse()) return "its weight is used elsewhere too and would be stored twice";
  return "";
}

std::string lathe::printed(Type type) {
  std::string text;
  llvm::raw_string_ostream(text) << type;
  return text;
}

#include "Weights/Expression.h"

#include "Weights/LowRank.h"
#include "Weights/Nodes.h"
#include "Weights/Prune.h"

using namespace mlir;
using namespace lathe;

using Node = std::shared_ptr<WeightNode>;

FailureOr<Node> ExpressionBuilder::build(Value value) {
  if (auto found = nodes_.find(value); found != nodes_.end()) return found->second;
  if (auto pack = value.getDefiningOp<PackOp>()) return build(pack.getWeight());
  auto result = dyn_cast<OpResult>(value);
  if (!result) {
    emitError(value.getLoc(), "a weight that is an argument has no value here");
    return failure();
  }
  FailureOr<Node> node = create(result);
  if (failed(node)) return failure();
  nodes_[value] = *node;
  unprepared_.push_back(*node);
  return node;
}

FailureOr<Node> ExpressionBuilder::createParam(ParamOp op) {
  Result<ParamTensor> tensor = params_.find(op.getScope(), op.getKey());
  if (!tensor.ok()) return op.emitError() << tensor.status().message();
  WeightType type = op.getResult().getType();
  if (ArrayRef<int64_t>(tensor->shape) != type.getShape())
    return op.emitError() << "\"" << op.getKey() << "\" is " << shapeText(tensor->shape)
                          << " in the checkpoint, not "
                          << shapeText(std::span(type.getShape().data(), type.getShape().size()));
  return Node(std::make_shared<ParamNode>(type.getRows(), type.getColumns(), std::move(*tensor)));
}

static std::shared_ptr<PruneNode> createPrune(PruneOp op, Node operand) {
  if (op.getShare()) return PruneNode::ofShare(std::move(operand), op.getShare()->convertToDouble());
  return PruneNode::below(std::move(operand), op.getThreshold()->convertToDouble());
}

FailureOr<Node> ExpressionBuilder::create(OpResult value) {
  Operation *op = value.getOwner();
  auto type = cast<WeightType>(value.getType());
  if (auto param = dyn_cast<ParamOp>(op)) return createParam(param);
  SmallVector<Node> operands;
  for (Value operand : op->getOperands()) {
    FailureOr<Node> node = build(operand);
    if (failed(node)) return failure();
    operands.push_back(*node);
  }
  if (isa<ConcatOp>(op)) return Node(std::make_shared<ConcatNode>(type, std::move(operands)));
  if (isa<TransposeOp>(op)) return Node(std::make_shared<TransposeNode>(operands[0]));
  if (auto rows = dyn_cast<RowsOp>(op))
    return Node(std::make_shared<RowsNode>(type, operands[0], rows.getFirst()));
  if (isa<ScaleColumnsOp>(op)) return Node(std::make_shared<ScaleColumnsNode>(operands[0], operands[1]));
  if (isa<DifferenceOp>(op)) return Node(std::make_shared<DifferenceNode>(operands[0], operands[1]));
  if (auto prune = dyn_cast<PruneOp>(op)) return Node(createPrune(prune, operands[0]));
  if (auto lowRank = dyn_cast<LowRankOp>(op)) return createFactor(lowRank, value, operands[0]);
  if (auto quantized = dyn_cast<QuantizeOp>(op)) {
    auto format = formatOf(type.getEncoding(), [&] { return op->emitError(); });
    if (failed(format)) return failure();
    return Node(std::make_shared<QuantizeNode>(operands[0], *format, quantized.getClip() == ClipKind::MSE));
  }
  return op->emitError("is not a weight expression that can be evaluated");
}

Node ExpressionBuilder::createFactor(LowRankOp op, Value result, Node operand) {
  std::shared_ptr<LowRankFactors> &factors = factors_[op];
  if (!factors) factors = std::make_shared<LowRankFactors>(operand, op.getLeft().getType().getColumns());
  return std::make_shared<FactorNode>(factors, result == op.getLeft());
}

Status ExpressionBuilder::prepare(unsigned threads) {
  for (Node &node : unprepared_) LATHE_TRY(node->prepare(threads));
  unprepared_.clear();
  return {};
}

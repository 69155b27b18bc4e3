// Verifiers and folders of the compute ops. The (C1) ... in an error are the constraints in the op's documentation.
#include "Lathe/LatheDialect.h"

#include "mlir/IR/OpImplementation.h"

using namespace mlir;
using namespace lathe;

static int64_t columnsOf(Value rows) { return cast<RankedTensorType>(rows.getType()).getDimSize(1); }

static LogicalResult verifyVector(Operation *op, StringRef constraint, StringRef name, WeightType type, int64_t columns) {
  if (type.isVector() && type.getColumns() == columns) return success();
  return op->emitOpError() << "(" << constraint << ") the " << name << " needs " << columns << " entries, got " << type;
}

LogicalResult TopLogitsOp::verify() {
  auto isF32 = [](Value rows) { return cast<RankedTensorType>(rows.getType()).getElementType().isF32(); };
  int64_t count = getCount();
  if (count < 1 || count > 1 << 24) return emitOpError("(C1) finds at least one token, and no more than 2^24");
  if (!isF32(getLogits()) || columnsOf(getLogits()) > 1 << 24)
    return emitOpError("(C2) takes f32 logits of at most 2^24 tokens, not ") << getLogits().getType();
  if (!isF32(getResult()) || columnsOf(getResult()) != 2 * count + 3)
    return emitOpError("(C3) ") << count << " tokens take f32 rows of " << 2 * count + 3 << " columns, not "
                                << getResult().getType();
  return success();
}

LogicalResult EmbeddingOp::verify() {
  WeightType table = getTable().getType();
  if (table.isVector() || table.getColumns() != columnsOf(getResult()))
    return emitOpError("(C1) a table of ") << table << " does not give rows of " << columnsOf(getResult());
  return success();
}

LogicalResult LinearOp::verify() {
  if (getWeights().empty() || getWeights().size() != getResults().size())
    return emitOpError("(C1) needs one result for each weight, at least one");
  for (auto [weight, result] : llvm::zip(getWeights(), getResults())) {
    auto type = cast<WeightType>(weight.getType());
    if (type.isVector() || type.getColumns() != columnsOf(getInput()) || type.getRows() != columnsOf(result))
      return emitOpError("(C2) ") << type << " does not map " << getInput().getType() << " to " << result.getType();
    if (type != getWeights().front().getType())
      return emitOpError("(C3) weights that share x have one type; got ") << getWeights().front().getType() << " and " << type;
  }
  return success();
}

LogicalResult BiasOp::verify() { return verifyVector(*this, "C1", "bias", getBias().getType(), columnsOf(getInput())); }

LogicalResult ConvertOp::verify() {
  if (columnsOf(getInput()) != columnsOf(getResult())) return emitOpError("(C1) the columns differ");
  return success();
}

OpFoldResult ConvertOp::fold(FoldAdaptor) {
  return getInput().getType() == getResult().getType() ? OpFoldResult(getInput()) : OpFoldResult();
}

OpFoldResult ScaleOp::fold(FoldAdaptor) { return getFactor().convertToFloat() == 1.0f ? OpFoldResult(getInput()) : OpFoldResult(); }

static LogicalResult verifyEpsilon(Operation *op, APFloat epsilon) {
  return epsilon.convertToFloat() > 0 ? success() : LogicalResult(op->emitOpError("(C2) epsilon must be positive"));
}

LogicalResult RMSNormOp::verify() {
  if (getScale() && failed(verifyVector(*this, "C1", "scale", getScale().getType(), columnsOf(getInput())))) return failure();
  return verifyEpsilon(*this, getEpsilon());
}

LogicalResult LayerNormOp::verify() {
  if (failed(verifyVector(*this, "C1", "scale", getScale().getType(), columnsOf(getInput()))) ||
      failed(verifyVector(*this, "C1", "bias", getBias().getType(), columnsOf(getInput()))))
    return failure();
  return verifyEpsilon(*this, getEpsilon());
}

LogicalResult QuantizeRowsOp::verify() {
  if (columnsOf(getInput()) != columnsOf(getResult())) return emitOpError("(C1) the columns differ");
  if (!cast<RankedTensorType>(getResult().getType()).getElementType().isSignlessInteger(8))
    return emitOpError("(C2) the result is i8 with a quantized_rows encoding");
  return success();
}

LogicalResult SplitOp::verify() {
  int64_t total = 0;
  auto in = cast<RankedTensorType>(getInput().getType());
  for (Value part : getParts()) {
    if (cast<RankedTensorType>(part.getType()).getElementType() != in.getElementType())
      return emitOpError("(C1) element types differ: ") << in << ", " << part.getType();
    total += columnsOf(part);
  }
  if (total != columnsOf(getInput()))
    return emitOpError("(C2) parts add up to ") << total << " columns, the input has " << columnsOf(getInput());
  return success();
}

LogicalResult RopeTableOp::verify() {
  if (columnsOf(getResult()) != 2 * int64_t(getFrequencies().size()) ||
      !cast<RankedTensorType>(getResult().getType()).getElementType().isF32())
    return emitOpError("(C1) ") << getFrequencies().size() << " frequencies give an f32 table of "
                                << 2 * getFrequencies().size() << " columns, not " << getResult().getType();
  return success();
}

LogicalResult RopeOp::verify() {
  int64_t heads = getHeads(), columns = columnsOf(getInput());
  if (heads < 1 || columns % heads || columns / heads < columnsOf(getTable()))
    return emitOpError("(C1) ") << columns << " columns are not " << heads << " heads of at least " << columnsOf(getTable());
  return success();
}

/// The declared state that `name` refers to, or a diagnostic at `op`. A kernel binds its states to arguments, in an
/// attribute `states` (see exec.kernel), so that layers share it.
static StateType lookupState(Operation *op, SymbolTableCollection &symbols, FlatSymbolRefAttr name) {
  if (auto bound = op->getParentOp()->getAttrOfType<DictionaryAttr>("states")) {
    auto number = bound.getAs<IntegerAttr>(name.getValue());
    Block *body = op->getBlock();
    if (number && number.getInt() >= 0 && number.getInt() < int64_t(body->getNumArguments()))
      if (auto type = dyn_cast<StateType>(body->getArgument(number.getInt()).getType())) return type;
    op->emitOpError("refers to ") << name << ", which the kernel does not bind";
    return {};
  }
  auto declaration = symbols.lookupNearestSymbolFrom<StateDeclOp>(op, name);
  if (declaration) return cast<StateType>(declaration.getType());
  op->emitOpError("refers to ") << name << ", which no lathe.state declares";
  return {};
}

static LogicalResult verifyKeyValueState(Operation *op, SymbolTableCollection &symbols, FlatSymbolRefAttr name,
                                         StringRef constraint, int64_t heads, int64_t columns) {
  StateType state = lookupState(op, symbols, name);
  if (!state) return failure();
  ArrayRef<int64_t> shape = state.getShape();
  bool fits = state.getKind() == StateKind::Growing && shape.size() == 3 && shape[0] == 2 &&
              (!heads || shape[1] == heads) && shape[1] * shape[2] == columns;
  if (fits) return success();
  return op->emitOpError() << "(" << constraint << ") state " << name << " is " << state << ", but keys and values have "
                           << columns << " columns";
}

LogicalResult CacheWriteOp::verifySymbolUses(SymbolTableCollection &symbols) {
  if (getKeys().getType() != getValues().getType()) return emitOpError("(C2) keys and values have different types");
  return verifyKeyValueState(*this, symbols, getStateAttr(), "C1", 0, columnsOf(getKeys()));
}

LogicalResult AttentionOp::verify() {
  if (bool(getStateAttr()) == bool(getKeys())) return emitOpError("(C1) needs either a state or keys and values");
  int64_t heads = getHeads(), kvHeads = getKvHeads();
  if (heads < 1 || kvHeads < 1 || heads % kvHeads || columnsOf(getQuery()) % heads)
    return emitOpError("(C2) ") << columnsOf(getQuery()) << " columns in " << heads << " heads over " << kvHeads;
  int64_t columns = kvHeads * (columnsOf(getQuery()) / heads);
  if (getKeys() && (columnsOf(getKeys()) != columns || getKeys().getType() != getValues().getType()))
    return emitOpError("(C3) keys and values need ") << columns << " columns";
  if (getStateAttr() && !getCausal()) return emitOpError("(C1) attention over a state is causal");
  if (getResult().getType() != getQuery().getType()) return emitOpError("(C4) result and query have different types");
  return success();
}

LogicalResult AttentionOp::verifySymbolUses(SymbolTableCollection &symbols) {
  if (!getStateAttr()) return success();
  int64_t headDim = columnsOf(getQuery()) / int64_t(getHeads());
  return verifyKeyValueState(*this, symbols, getStateAttr(), "C3", getKvHeads(), int64_t(getKvHeads()) * headDim);
}

LogicalResult DecayScanOp::verifySymbolUses(SymbolTableCollection &symbols) {
  StateType state = lookupState(*this, symbols, getStateAttr());
  if (!state) return failure();
  if (state.getKind() != StateKind::Fixed || state.getShape().size() != 1 || state.getShape()[0] != columnsOf(getInput()) ||
      !state.getElementType().isF32())
    return emitOpError("(C1) needs a fixed f32 state of ") << columnsOf(getInput()) << " columns, got " << state;
  return success();
}

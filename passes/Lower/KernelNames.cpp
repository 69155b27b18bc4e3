#include "Lower/KernelNames.h"

#include "llvm/ADT/SetVector.h"
#include "llvm/ADT/StringExtras.h"

using namespace mlir;
using namespace lathe;

static int64_t columnsOf(Value rows) { return cast<RankedTensorType>(rows.getType()).getDimSize(1); }

static std::string typeName(Type type) {
  std::string text;
  llvm::raw_string_ostream(text) << type;
  return text;
}

/// "si4g32": codes, and the columns of a block where there are scales.
static std::string encodingName(EncodingAttr encoding) {
  if (encoding.isPlain()) return typeName(encoding.getCodes());
  std::string name = typeName(encoding.getCodes());
  if (!encoding.getTable().empty()) name += "t";
  if (!encoding.getBlock().empty() && encoding.getBlock()[1])
    name += "g" + std::to_string(encoding.getBlock()[1]);
  if (encoding.getOffset()) name += "o";
  if (encoding.getBitmap()) name += "b";
  return name;
}

static std::string shapeOf(Operation *op) {
  if (auto linear = dyn_cast<LinearOp>(op)) {
    auto weight = cast<WeightType>(linear.getWeights().front().getType());
    std::string count =
        linear.getWeights().size() > 1 ? std::to_string(linear.getWeights().size()) + "x" : "";
    return std::to_string(weight.getColumns()) + "x" + count + std::to_string(weight.getRows()) + "_" +
           encodingName(weight.getEncoding());
  }
  if (auto embedding = dyn_cast<EmbeddingOp>(op)) {
    WeightType table = embedding.getTable().getType();
    return std::to_string(table.getColumns()) + "_" + encodingName(table.getEncoding());
  }
  if (auto attention = dyn_cast<AttentionOp>(op)) {
    int64_t heads = attention.getHeads();
    return std::to_string(heads) + "x" + std::to_string(columnsOf(attention.getQuery()) / heads);
  }
  for (Value operand : op->getOperands())
    if (auto type = dyn_cast<RankedTensorType>(operand.getType()); type && type.getRank() == 2)
      return std::to_string(type.getDimSize(1));
  return "";
}

/// How an op shows in the name; empty where it is no more than a way to read an operand.
static std::string partName(Operation *op) {
  if (isa<TokensOp, PositionsOp>(op)) return "";
  if (auto convert = dyn_cast<ConvertOp>(op)) {
    Type type = cast<RankedTensorType>(convert.getResult().getType()).getElementType();
    return type.isF32() ? "" : typeName(type);
  }
  if (auto activation = dyn_cast<ActivationOp>(op))
    return stringifyActivationKind(activation.getKind()).str();
  if (isa<QuantizeRowsOp>(op)) return "quantize";
  if (isa<SelectOutputsOp>(op)) return "select";
  return op->getName().stripDialect().str();
}

std::string lathe::kernelName(Block &body, exec::RowDomain domain) {
  Operation *root = nullptr;
  for (Operation &op : body.without_terminator())
    if (isDispatchRoot(&op)) root = &op;
  std::string name;
  auto append = [&](const std::string &part) {
    if (!part.empty()) name += (name.empty() ? "" : "_") + part;
  };
  if (root) append(partName(root) + "_" + shapeOf(root));
  for (Operation &op : body.without_terminator()) {
    if (&op == root || partName(&op).empty()) continue;
    bool leads = name.empty();
    append(partName(&op));
    if (leads) append(shapeOf(&op));
  }
  if (StringRef(name).ends_with("_")) name.pop_back();
  if (domain != exec::RowDomain::Rows) name += "_" + stringifyRowDomain(domain).str();
  return name.empty() ? "empty" : name;
}

static void collectKeys(Value weight, SetVector<StringRef> &keys) {
  Operation *def = weight.getDefiningOp();
  if (!def) return;
  if (auto param = dyn_cast<ParamOp>(def)) keys.insert(param.getKey());
  for (Value operand : def->getOperands()) collectKeys(operand, keys);
}

static std::string joinKeys(ArrayRef<StringRef> keys) {
  SmallVector<SmallVector<StringRef>> split(keys.size());
  size_t shortest = SIZE_MAX;
  for (auto [parts, key] : llvm::zip(split, keys)) {
    key.split(parts, '.');
    shortest = std::min(shortest, parts.size());
  }
  auto agree = [&](size_t i, bool fromEnd) {
    return llvm::all_of(split, [&](auto &parts) {
      auto at = [&](auto &list) { return fromEnd ? list[list.size() - 1 - i] : list[i]; };
      return at(parts) == at(split.front());
    });
  };
  size_t first = 0, last = 0;
  while (first < shortest && agree(first, false)) ++first;
  while (first + last < shortest && agree(last, true)) ++last;
  SmallVector<StringRef> parts(ArrayRef(split.front()).take_front(first));
  for (auto &own : split) llvm::append_range(parts, ArrayRef(own).drop_front(first).drop_back(last));
  llvm::append_range(parts, ArrayRef(split.front()).take_back(last));
  return llvm::join(parts, ".");
}

std::string lathe::weightName(Value weight) {
  SetVector<StringRef> keys;
  collectKeys(weight, keys);
  std::string name = keys.empty()       ? "weight"
                     : keys.size() == 1 ? keys.front().str()
                                        : joinKeys(keys.getArrayRef());
  // A factor of a decomposition says which one it is.
  for (Value value = weight; Operation *def = value.getDefiningOp(); value = def->getOperand(0)) {
    if (auto lowRank = dyn_cast<LowRankOp>(def))
      return name + (value == lowRank.getLeft() ? ".left" : ".right");
    if (def->getNumOperands() == 0) break;
  }
  return name;
}

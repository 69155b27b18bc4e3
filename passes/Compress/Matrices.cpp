#include "Compress/Matrices.h"

#include "llvm/ADT/EquivalenceClasses.h"
#include "llvm/ADT/MapVector.h"

using namespace mlir;
using namespace lathe;

std::string Matrix::describe() const {
  if (names.empty()) return "a matrix without a name";
  if (names.size() == 1) return names.front();
  return names.front() + " and " + std::to_string(names.size() - 1) + " more";
}

static void collectNames(Value weight, std::vector<std::string> &names) {
  Operation *op = weight.getDefiningOp();
  if (!op) return;
  if (auto param = dyn_cast<ParamOp>(op)) {
    if (!llvm::is_contained(names, param.getKey().str())) names.push_back(param.getKey().str());
    return;
  }
  // A column scale is part of the matrix, but not what it is called.
  if (auto scaled = dyn_cast<ScaleColumnsOp>(op)) return collectNames(scaled.getWeight(), names);
  for (Value operand : op->getOperands()) collectNames(operand, names);
}

std::vector<std::string> lathe::paramNames(Value weight) {
  std::vector<std::string> names;
  collectNames(weight, names);
  return names;
}

/// Whether a linear computes what its function returns, but for a bias or another type.
static bool isHead(LinearOp linear) {
  if (linear.getResults().size() != 1) return false;
  Value value = linear.getResult(0);
  while (value.hasOneUse() && isa<BiasOp, ConvertOp>(*value.getUsers().begin()))
    value = value.getUsers().begin()->getResult(0);
  return llvm::any_of(value.getUsers(), [](Operation *user) { return isa<func::ReturnOp>(user); });
}

std::vector<MatrixGroup> lathe::collectMatrices(ModuleOp module) {
  llvm::MapVector<Value, Matrix> matrices;
  llvm::EquivalenceClasses<void *> together;
  module.walk([&](Operation *op) {
    auto linear = dyn_cast<LinearOp>(op);
    if (!linear && !isa<EmbeddingOp>(op)) return;
    for (OpOperand &operand : op->getOpOperands()) {
      auto type = dyn_cast<WeightType>(operand.get().getType());
      if (!type || type.isVector() || type.getPanel() || !type.getEncoding().isPlain()) continue;
      Matrix &matrix = matrices[operand.get()];
      matrix.weight = operand.get();
      matrix.uses.push_back(&operand);
      matrix.table |= isa<EmbeddingOp>(op);
      matrix.head |= linear && isHead(linear);
      together.insert(operand.get().getAsOpaquePointer());
      if (linear)
        together.unionSets(linear.getWeights().front().getAsOpaquePointer(),
                           operand.get().getAsOpaquePointer());
    }
  });
  llvm::MapVector<void *, MatrixGroup> groups;
  for (auto &[weight, matrix] : matrices) {
    matrix.names = paramNames(weight);
    groups[together.getLeaderValue(weight.getAsOpaquePointer())].push_back(std::move(matrix));
  }
  std::vector<MatrixGroup> result;
  for (auto &[leader, group] : groups) result.push_back(std::move(group));
  return result;
}

void lathe::replaceUses(const Matrix &matrix, Value replacement) {
  for (OpOperand *use : matrix.uses) use->set(replacement);
}

FailureOr<llvm::GlobPattern> lathe::parseNamePattern(ModuleOp module, const std::string &text) {
  auto glob = llvm::GlobPattern::create(text);
  if (glob) return std::move(*glob);
  return module.emitError() << "pattern: \"" << text << "\": " << llvm::toString(glob.takeError());
}

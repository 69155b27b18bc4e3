#include "Lower/Outline.h"

#include "Lower/KernelNames.h"

#include "mlir/IR/IRMapping.h"

using namespace mlir;
using namespace lathe;

FlatSymbolRefAttr Outliner::keep(Operation *candidate, StringRef name) {
  // Symbols are named after this, so that equal ops print alike.
  candidate->setAttr(SymbolTable::getSymbolAttrName(), StringAttr::get(candidate->getContext(), "candidate"));
  std::string text;
  llvm::raw_string_ostream stream(text);
  candidate->print(stream, OpPrintingFlags().useLocalScope().assumeVerified());
  auto [entry, isNew] = known.try_emplace(text);
  if (!isNew) {
    candidate->erase();
    return entry->second;
  }
  SymbolTable::setSymbolName(candidate, name);
  symbols.insert(candidate);
  entry->second = FlatSymbolRefAttr::get(SymbolTable::getSymbolName(candidate));
  return entry->second;
}

static void cloneExpression(Value value, OpBuilder &builder, IRMapping &mapping) {
  if (mapping.contains(value)) return;
  Operation *def = value.getDefiningOp();
  for (Value operand : def->getOperands()) cloneExpression(operand, builder, mapping);
  builder.clone(*def, mapping);
}

FlatSymbolRefAttr Outliner::weight(Value expression) {
  FlatSymbolRefAttr &symbol = weights[expression];
  if (symbol) return symbol;
  OpBuilder detached(expression.getContext());
  auto stored = exec::WeightOp::create(detached, expression.getLoc(), detached.getStringAttr("candidate"),
                                       TypeAttr::get(expression.getType()));
  Block *body = &stored.getBody().emplaceBlock();
  OpBuilder builder = OpBuilder::atBlockEnd(body);
  IRMapping mapping;
  cloneExpression(expression, builder, mapping);
  YieldOp::create(builder, expression.getLoc(), mapping.lookup(expression));
  return symbol = keep(stored, weightName(expression));
}

/// The body refers to states by the names that the kernel binds.
static void renameStates(Block &body, const llvm::DenseMap<Attribute, FlatSymbolRefAttr> &names) {
  for (Operation &op : body) {
    auto state = op.getAttrOfType<FlatSymbolRefAttr>("state");
    if (state) op.setAttr("state", names.lookup(state));
  }
}

FlatSymbolRefAttr Outliner::kernel(DispatchOp dispatch, ArrayRef<exec::SliceType> inputs,
                                   ArrayRef<exec::SliceType> outputs, exec::RowDomain domain,
                                   ArrayRef<std::pair<FlatSymbolRefAttr, StateType>> states) {
  MLIRContext *context = dispatch.getContext();
  OpBuilder detached(context);
  unsigned firstState = dispatch.getInputs().size();
  SmallVector<Attribute> slices;
  auto addSlice = [&](exec::SliceType slice) {
    slices.push_back(slice ? Attribute(TypeAttr::get(slice)) : UnitAttr::get(context));
  };
  llvm::for_each(inputs, addSlice);
  SmallVector<NamedAttribute> bound;
  llvm::DenseMap<Attribute, FlatSymbolRefAttr> names;
  for (auto [number, state] : llvm::enumerate(states)) {
    std::string name = "s" + std::to_string(number);
    names[state.first] = FlatSymbolRefAttr::get(context, name);
    bound.push_back(detached.getNamedAttr(name, detached.getI64IntegerAttr(firstState + number)));
    addSlice({});
  }
  llvm::for_each(outputs, addSlice);

  auto kernel = exec::KernelOp::create(detached, dispatch.getLoc(), "candidate", domain,
                                       detached.getArrayAttr(slices), detached.getDictionaryAttr(bound));
  IRMapping mapping;
  dispatch.getBody().cloneInto(&kernel.getBody(), mapping);
  Block &body = kernel.getBody().front();
  for (const auto &state : states) body.addArgument(state.second, dispatch.getLoc());
  renameStates(body, names);
  unsigned before = known.size();
  FlatSymbolRefAttr symbol = keep(kernel, kernelName(body, domain));
  reusedKernels += known.size() == before;
  return symbol;
}

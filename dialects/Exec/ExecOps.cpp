// Verifiers of the program level.
#include "Exec/ExecDialect.h"

#include "mlir/IR/DialectImplementation.h"

using namespace mlir;
using namespace lathe;
using namespace lathe::exec;

static YieldOp yieldOf(Region &body) {
  Block &block = body.front();
  return block.empty() ? YieldOp() : dyn_cast<YieldOp>(block.back());
}

LogicalResult WeightOp::verify() {
  YieldOp yield = yieldOf(getBody());
  if (!yield || yield.getValues().size() != 1 || yield.getValues()[0].getType() != getType())
    return emitOpError("(C1) yields one value of ") << getType();
  return success();
}

LogicalResult KernelOp::verify() {
  YieldOp yield = yieldOf(getBody());
  if (!yield) return emitOpError("ends in lathe.yield");
  size_t expected = getBody().getNumArguments() + yield.getValues().size();
  if (getSlices().size() != expected)
    return emitOpError("has ") << expected << " arguments and results, but " << getSlices().size() << " entries in slices";
  SmallVector<Type> types(getBody().getArgumentTypes());
  llvm::append_range(types, yield.getValues().getTypes());
  for (auto [type, slice] : llvm::zip(types, getSlices())) {
    auto attribute = dyn_cast<TypeAttr>(slice);
    if (isa<RankedTensorType>(type) ? !attribute || !isa<SliceType>(attribute.getValue()) : !isa<UnitAttr>(slice))
      return emitOpError("slices give a slice type for each tensor and unit for anything else, not ") << slice << " for " << type;
  }
  for (NamedAttribute state : getStates()) {
    auto number = dyn_cast<IntegerAttr>(state.getValue());
    if (!number || number.getInt() < 0 || number.getInt() >= int64_t(getBody().getNumArguments()) ||
        !isa<StateType>(getBody().getArgument(number.getInt()).getType()))
      return emitOpError("state ") << state.getName() << " does not name an argument that is a state";
  }
  return success();
}

LogicalResult EntryOp::verify() {
  Block &block = getBody().front();
  if (block.empty() || !isa<ResultOp>(block.back())) return emitOpError("ends in exec.result");
  return success();
}

LogicalResult ResultOp::verify() {
  if (!getSource()) return success();
  SliceType result = getSlice().getType(), source = getSource().getType();
  if (result.getDomain() != source.getDomain() || !result.getElementType().isF32() || !source.getElementType().isF32())
    return emitOpError("(C1) ") << result << " and its source " << source << " need to be f32 rows of one domain";
  return success();
}

LogicalResult exec::DispatchOp::verifySymbolUses(SymbolTableCollection &symbols) {
  auto kernel = symbols.lookupNearestSymbolFrom<KernelOp>(*this, getKernelAttr());
  if (!kernel) return emitOpError("(C1) no kernel ") << getKernelAttr();
  SmallVector<Value> operands;
  unsigned next = 0;
  for (auto [argument, slice] : llvm::zip(kernel.getBody().getArguments(), kernel.getSlices())) {
    if (isa<BatchType>(argument.getType())) continue;
    if (next >= getInputs().size()) return emitOpError("(C2) passes too few inputs to ") << getKernelAttr();
    Type expected = isa<TypeAttr>(slice) ? cast<TypeAttr>(slice).getValue() : argument.getType();
    if (getInputs()[next].getType() != expected)
      return emitOpError("(C2) input ") << next << " is " << getInputs()[next].getType() << ", the kernel takes " << expected;
    ++next;
  }
  if (next != getInputs().size()) return emitOpError("(C2) passes too many inputs to ") << getKernelAttr();
  ArrayRef<Attribute> results = kernel.getSlices().getValue().drop_front(kernel.getBody().getNumArguments());
  if (results.size() != getOutputs().size()) return emitOpError("(C2) the kernel has ") << results.size() << " results";
  for (auto [slice, output] : llvm::zip(results, getOutputs()))
    if (cast<TypeAttr>(slice).getValue() != output.getType())
      return emitOpError("(C2) output is ") << output.getType() << ", the kernel gives " << slice;
  return success();
}

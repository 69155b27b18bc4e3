#include "Interpreter/Program.h"

using namespace mlir;

namespace lathe::interpreter {

static int64_t countOf(exec::RowDomain domain, const Batch &batch) {
  switch (domain) {
  case exec::RowDomain::Rows:
    return batch.size();
  case exec::RowDomain::Outputs:
    return batch.outputs.size();
  case exec::RowDomain::Sequences:
    return std::set<int32_t>(batch.slots.begin(), batch.slots.end()).size();
  }
  llvm_unreachable("all domains are handled");
}

FailureOr<ProgramInterpreter::Placed> ProgramInterpreter::placed(Operation *op, Value value,
                                                                 const Batch &batch, const Arena &arena) {
  auto slice = value.getDefiningOp<exec::SliceOp>();
  if (!slice) return op->emitOpError("uses a slice that no exec.slice gives");
  exec::SliceType type = slice.getResult().getType();
  int64_t offset = slice.getOffset();
  if (!arena.holds(type, offset, countOf(type.getDomain(), batch)))
    return slice.emitOpError("reaches beyond the arena of ") << program_.getArenaBytes() << " bytes";
  return Placed{type, offset};
}

FailureOr<Datum> ProgramInterpreter::input(exec::DispatchOp op, Value value, const Batch &batch,
                                           const Arena &arena) {
  if (isa<exec::SliceType>(value.getType())) {
    FailureOr<Placed> slice = placed(op, value, batch, arena);
    if (failed(slice)) return failure();
    return arena.read(slice->type, slice->offset, countOf(slice->type.getDomain(), batch));
  }
  auto use = value.getDefiningOp<exec::UseOp>();
  auto stored = use ? program_.lookupSymbol<exec::WeightOp>(use.getSymbol()) : exec::WeightOp();
  if (!stored) return op.emitOpError("uses a weight that the program does not store");
  FailureOr<std::shared_ptr<const Weight>> weight =
      weights_.evaluate(stored.getBody().front().getTerminator()->getOperand(0));
  if (failed(weight)) return failure();
  return Datum(*weight);
}

/// The name that a kernel gives to its argument `number`, a state.
static std::string boundName(exec::KernelOp kernel, int64_t number) {
  for (NamedAttribute state : kernel.getStates())
    if (cast<IntegerAttr>(state.getValue()).getInt() == number) return state.getName().str();
  return "";
}

LogicalResult ProgramInterpreter::dispatch(exec::DispatchOp op, const Batch &batch, Arena &arena) {
  auto kernel = program_.lookupSymbol<exec::KernelOp>(op.getKernel());
  Call call(weights_, states_, batch);
  auto operand = op.getInputs().begin();
  for (BlockArgument argument : kernel.getBody().getArguments()) {
    if (isa<BatchType>(argument.getType())) {
      call.define(argument, TheBatch());
      continue;
    }
    Value value = *operand++;
    if (auto state = dyn_cast<StateType>(argument.getType())) {
      auto use = value.getDefiningOp<exec::UseOp>();
      if (!use) return op.emitOpError("uses a state that no exec.use names");
      call.bindState(boundName(kernel, argument.getArgNumber()), use.getSymbol().str(), state);
      continue;
    }
    FailureOr<Datum> datum = input(op, value, batch, arena);
    if (failed(datum)) return failure();
    call.define(argument, std::move(*datum));
  }
  FailureOr<std::vector<Datum>> results = call.execute(kernel.getBody().front());
  if (failed(results)) return failure();
  for (auto [output, datum] : llvm::zip(op.getOutputs(), *results)) {
    FailureOr<Placed> slice = placed(op, output, batch, arena);
    if (failed(slice)) return failure();
    arena.write(slice->type, slice->offset, datum);
  }
  return success();
}

FailureOr<Rows> ProgramInterpreter::run(StringRef name, const Batch &batch) {
  auto entry = program_.lookupSymbol<exec::EntryOp>(name);
  if (!entry) return program_.emitOpError("has no entry point @") << name;
  if (failed(checkBatch(batch, program_.getLoc()))) return failure();
  if (batch.size() > int64_t(program_.getMaxRows()) ||
      batch.outputs.size() > uint64_t(program_.getMaxOutputs()))
    return program_.emitOpError("is made for ")
           << program_.getMaxRows() << " rows, " << program_.getMaxOutputs() << " of them outputs";
  Arena arena(program_.getArenaBytes());
  for (Operation &op : entry.getBody().front())
    if (auto launch = dyn_cast<exec::DispatchOp>(op); launch && failed(dispatch(launch, batch, arena)))
      return failure();
  auto result = cast<exec::ResultOp>(entry.getBody().front().back());
  FailureOr<Placed> slice = placed(result, result.getSlice(), batch, arena);
  if (failed(slice)) return failure();
  Datum rows = arena.read(slice->type, slice->offset, countOf(slice->type.getDomain(), batch));
  if (!std::holds_alternative<Rows>(rows)) return result.emitOpError("is no set of float rows");
  return std::get<Rows>(rows);
}

} // namespace lathe::interpreter

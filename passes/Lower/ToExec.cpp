// lathe-to-exec: functions of dispatches become a program.
#include "Lower/Outline.h"
#include "Lower/Passes.h"
#include "Remarks.h"
#include "RowDomains.h"

namespace lathe {
#define GEN_PASS_DEF_TOEXECPASS
#include "Lower/Passes.h.inc"
} // namespace lathe

using namespace mlir;
using namespace lathe;
using exec::RowDomain;

namespace {

using StateBinding = std::pair<FlatSymbolRefAttr, StateType>;

/// One function becomes one entry. Buffers get bytes of their own, one behind the other.
class EntryBuilder {
public:
  EntryBuilder(func::FuncOp func, exec::EntryOp entry, exec::ProgramOp program, Outliner &outliner)
      : func(func), entry(entry), program(program), outliner(outliner), builder(program.getContext()) {}

  LogicalResult run() {
    if (func.isExternal() || !func.getBody().hasOneBlock())
      return func.emitError() << "is not one block of ops";
    Block &block = func.getBody().front();
    if (failed(domains.analyze(block))) return failure();
    builder.setInsertionPointToEnd(&entry.getBody().emplaceBlock());
    for (Operation &op : block)
      if (failed(lower(op))) return failure();
    return success();
  }

  int64_t getBytes() const { return nextByte; }

private:
  LogicalResult lower(Operation &op) {
    if (llvm::all_of(op.getResultTypes(), llvm::IsaPred<WeightType>) && op.getNumResults()) return success();
    if (auto split = dyn_cast<SplitOp>(op)) return lowerSplit(split);
    if (auto dispatch = dyn_cast<DispatchOp>(op)) return lowerDispatch(dispatch);
    if (auto ret = dyn_cast<func::ReturnOp>(op)) return lowerReturn(ret);
    if (op.use_empty() && isMemoryEffectFree(&op)) return success();
    return op.emitError() << "stands outside a dispatch; run lathe-form-dispatches before";
  }

  exec::SliceType packedSlice(Value value) const {
    auto type = cast<RankedTensorType>(value.getType());
    auto rows = dyn_cast_or_null<QuantizedRowsAttr>(type.getEncoding());
    int64_t group = rows ? rows.getGroup() : 0, columns = type.getDimSize(1);
    return exec::SliceType::get(type.getContext(), domains.get(value), columns, type.getElementType(),
                                exec::SliceType::packedStride(columns, type.getElementType(), group), group);
  }

  int64_t maxRowsOf(RowDomain domain) {
    return domain == RowDomain::Outputs ? program.getMaxOutputs() : program.getMaxRows();
  }

  exec::SliceOp createSlice(Location loc, exec::SliceType type, int64_t offset) {
    return exec::SliceOp::create(builder, loc, type, builder.getI64IntegerAttr(offset));
  }

  exec::SliceOp allocate(Value value) {
    exec::SliceType type = packedSlice(value);
    exec::SliceOp slice = createSlice(value.getLoc(), type, nextByte);
    nextByte = llvm::alignTo(nextByte + maxRowsOf(type.getDomain()) * type.getStride(), 64);
    slices[value] = slice;
    return slice;
  }

  /// The slice of a tensor that was computed before; null with a diagnostic where there is none.
  exec::SliceOp sliceOf(Operation *user, Value value) {
    if (exec::SliceOp slice = slices.lookup(value)) return slice;
    user->emitError() << "uses a tensor that no dispatch computes; run lathe-form-dispatches before";
    return {};
  }

  LogicalResult lowerSplit(SplitOp split) {
    exec::SliceOp parent = sliceOf(split, split.getInput());
    if (!parent) return failure();
    exec::SliceType whole = parent.getType();
    int64_t offset = parent.getOffset();
    for (Value part : split.getParts()) {
      auto type = cast<RankedTensorType>(part.getType());
      auto view = exec::SliceType::get(type.getContext(), whole.getDomain(), type.getDimSize(1),
                                       type.getElementType(), whole.getStride(), 0);
      slices[part] = createSlice(split.getLoc(), view, offset);
      offset += type.getDimSize(1) * type.getElementTypeBitWidth() / 8;
    }
    return success();
  }

  /// States that the body touches, in order of first use.
  FailureOr<SmallVector<StateBinding>> statesOf(DispatchOp dispatch) {
    llvm::MapVector<Attribute, StateType> states;
    for (Operation &op : dispatch.getBody().front()) {
      auto name = op.getAttrOfType<FlatSymbolRefAttr>("state");
      if (!name) continue;
      auto declared = SymbolTable::lookupNearestSymbolFrom<StateDeclOp>(dispatch, name);
      if (!declared) return op.emitError() << "refers to " << name << ", which no lathe.state declares";
      states[name] = cast<StateType>(declared.getType());
    }
    return llvm::map_to_vector(
        states, [](auto &entry) { return StateBinding(cast<FlatSymbolRefAttr>(entry.first), entry.second); });
  }

  LogicalResult lowerDispatch(DispatchOp dispatch) {
    FailureOr<SmallVector<StateBinding>> states = statesOf(dispatch);
    if (failed(states)) return failure();
    SmallVector<exec::SliceType> inputTypes, outputTypes;
    SmallVector<Value> inputs, outputs;
    RowDomain domain = RowDomain::Rows;
    for (Value input : dispatch.getInputs()) {
      exec::SliceType type;
      if (isa<RankedTensorType>(input.getType())) {
        exec::SliceOp slice = sliceOf(dispatch, input);
        if (!slice) return failure();
        type = slice.getType();
        domain = type.getDomain();
        inputs.push_back(slice);
      } else if (isa<WeightType>(input.getType())) {
        inputs.push_back(use(dispatch.getLoc(), outliner.weight(input), input.getType()));
      } else if (!isa<BatchType>(input.getType())) {
        return dispatch.emitError() << "takes an operand of " << input.getType()
                                    << ", which is no tensor, weight or batch";
      }
      inputTypes.push_back(type);
    }
    for (auto &[name, type] : *states) inputs.push_back(use(dispatch.getLoc(), name, type));
    for (Value result : dispatch.getResults()) {
      exec::SliceOp slice = allocate(result);
      outputs.push_back(slice);
      outputTypes.push_back(slice.getType());
      domain = slice.getType().getDomain();
    }
    FlatSymbolRefAttr kernel = outliner.kernel(dispatch, inputTypes, outputTypes, domain, *states);
    exec::DispatchOp::create(builder, dispatch.getLoc(), kernel, inputs, outputs);
    return success();
  }

  Value use(Location loc, FlatSymbolRefAttr symbol, Type type) {
    Value &known = uses[symbol];
    if (!known) known = exec::UseOp::create(builder, loc, type, symbol);
    return known;
  }

  LogicalResult lowerReturn(func::ReturnOp ret) {
    if (ret.getNumOperands() != 1) return ret.emitError() << "an entry point returns one tensor";
    exec::SliceOp slice = sliceOf(ret, ret.getOperand(0));
    if (!slice) return failure();
    exec::ResultOp::create(builder, ret.getLoc(), slice, Value());
    return success();
  }

  func::FuncOp func;
  exec::EntryOp entry;
  exec::ProgramOp program;
  Outliner &outliner;
  OpBuilder builder;
  RowDomains domains;
  llvm::DenseMap<Value, exec::SliceOp> slices;
  llvm::DenseMap<Attribute, Value> uses;
  int64_t nextByte = 0;
};

struct ToExecPass : lathe::impl::ToExecPassBase<ToExecPass> {
  using Base::Base;

  void runOnOperation() override {
    ModuleOp module = getOperation();
    if (maxRows < 1 || maxOutputs < 1 || maxOutputs > maxRows) {
      module.emitError() << "max-rows and max-outputs are positive, and no more outputs than rows; got "
                         << int64_t(maxRows) << " and " << int64_t(maxOutputs);
      return signalPassFailure();
    }
    OpBuilder builder = OpBuilder::atBlockEnd(module.getBody());
    auto program = exec::ProgramOp::create(builder, module.getLoc(), target, target, maxRows, maxOutputs);
    program.getBody().emplaceBlock();
    if (failed(fill(module, program))) {
      program.erase();
      return signalPassFailure();
    }
    for (Operation &op : llvm::make_early_inc_range(*module.getBody()))
      if (isa<func::FuncOp, StateDeclOp>(op)) op.erase();
  }

  static LogicalResult fill(ModuleOp module, exec::ProgramOp program) {
    OpBuilder builder = OpBuilder::atBlockEnd(&program.getBody().front());
    for (auto state : module.getOps<StateDeclOp>())
      exec::StateOp::create(builder, state.getLoc(), state.getSymName(), state.getType(), 0);
    // Names of states and entries are the interface: they are taken before weights and kernels get theirs.
    SmallVector<std::pair<func::FuncOp, exec::EntryOp>> entries;
    for (auto func : module.getOps<func::FuncOp>())
      entries.push_back({func, exec::EntryOp::create(builder, func.getLoc(), func.getSymName())});
    if (entries.empty()) return module.emitError() << "has no entry point to lower";
    Outliner outliner(program);
    int64_t arenaBytes = 0;
    for (auto [func, entry] : entries) {
      EntryBuilder body(func, entry, program, outliner);
      if (failed(body.run())) return failure();
      arenaBytes = std::max(arenaBytes, body.getBytes());
    }
    program.setArenaBytes(arenaBytes);
    sortByKind(program);
    remarkAnalysis(program, "to-exec",
                   Twine(outliner.getNumReusedKernels()) + " dispatches share a kernel with another");
    return success();
  }

  /// States, weights, kernels, entries: the order in which a program reads best.
  static void sortByKind(exec::ProgramOp program) {
    Block &block = program.getBody().front();
    auto kindOf = [](Operation *op) {
      return isa<exec::StateOp>(op) ? 0 : isa<exec::WeightOp>(op) ? 1 : isa<exec::KernelOp>(op) ? 2 : 3;
    };
    SmallVector<Operation *> ops = llvm::map_to_vector(block, [](Operation &op) { return &op; });
    for (int kind : {0, 1, 2, 3})
      for (Operation *op : ops)
        if (kindOf(op) == kind) op->moveBefore(&block, block.end());
  }
};

} // namespace

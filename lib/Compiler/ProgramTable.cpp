#include "Compiler/ProgramTable.h"

#include "Artifact/KernelABI.h"

using namespace mlir;
using namespace lathe;
using exec::SliceType;

static int64_t elementBytes(Type type) { return type.getIntOrFloatBitWidth() / 8; }

static std::unique_ptr<fb::StateT> stateTable(exec::StateOp op) {
  auto type = cast<StateType>(op.getType());
  auto state = std::make_unique<fb::StateT>();
  bool growing = type.getKind() == StateKind::Growing;
  int64_t elements = growing ? kBlockPositions : 1;
  for (int64_t extent : type.getShape()) elements *= extent;
  state->name = op.getSymName().str();
  state->kind = growing ? fb::StateKind::Growing : fb::StateKind::Fixed;
  state->offset = op.getOffset();
  state->bytes = elements * elementBytes(type.getElementType());
  return state;
}

/// What a launch of `part` starts, into the table of a class or of a join.
template <typename Table> static void setLaunch(Table &table, const KernelFunction &part) {
  table.threads = static_cast<uint32_t>(part.threads());
  for (const GridFactor &factor : part.grid())
    table.grid.emplace_back(static_cast<fb::GridKind>(factor.kind), factor.value);
}

static std::unique_ptr<fb::KernelT> kernelTable(const PlannedKernel &code) {
  auto kernel = std::make_unique<fb::KernelT>();
  kernel->name = code.name;
  kernel->domain = static_cast<fb::RowDomain>(code.domain);
  kernel->bindings = code.bindings;
  kernel->first_code = code.firstCode;
  for (const KernelFunction &part : code.functions()) {
    if (part.isJoin) {
      auto join = std::make_unique<fb::KernelJoinT>();
      join->code = part.code;
      setLaunch(*join, part);
      kernel->classes[size_t(part.kernelClass - code.classes.data())]->join = std::move(join);
      continue;
    }
    auto table = std::make_unique<fb::KernelClassT>();
    table->max_rows = static_cast<uint32_t>(part.kernelClass->maxRows);
    table->scratch_bytes = static_cast<uint64_t>(part.kernelClass->scratchBytes);
    setLaunch(*table, part);
    kernel->classes.push_back(std::move(table));
  }
  return kernel;
}

static std::unique_ptr<fb::VariantT> variantTable(const VariantCode &code) {
  auto variant = std::make_unique<fb::VariantT>();
  variant->arch = code.arch;
  variant->name = code.name;
  variant->features = code.features;
  variant->entries = code.entries;
  return variant;
}

namespace {

/// Numbers by symbol, for the bindings of dispatches.
struct Symbols {
  llvm::StringMap<uint32_t> kernels, states;
  const llvm::StringMap<uint32_t> &weights;
};

} // namespace

static FailureOr<fb::Binding> bindingOf(Value operand, const Symbols &symbols, exec::ProgramOp program) {
  if (auto slice = operand.getDefiningOp<exec::SliceOp>()) return fb::Binding(fb::BindingKind::Arena, slice.getOffset());
  auto use = operand.getDefiningOp<exec::UseOp>();
  if (!use) return emitError(operand.getLoc(), "an operand of a dispatch must be a slice, a weight or a state");
  if (auto found = symbols.weights.find(use.getSymbol()); found != symbols.weights.end())
    return fb::Binding(fb::BindingKind::Weight, found->second);
  auto found = symbols.states.find(use.getSymbol());
  if (found == symbols.states.end()) return use.emitError("names neither a weight nor a state of the program");
  auto state = program.lookupSymbol<exec::StateOp>(use.getSymbol());
  bool growing = cast<StateType>(state.getType()).getKind() == StateKind::Growing;
  return fb::Binding(growing ? fb::BindingKind::Growing : fb::BindingKind::Fixed, found->second);
}

static LogicalResult addDispatch(exec::DispatchOp op, const Symbols &symbols, exec::ProgramOp program, fb::EntryT &entry) {
  auto dispatch = std::make_unique<fb::DispatchT>();
  dispatch->kernel = symbols.kernels.lookup(op.getKernel());
  dispatch->label = op.getKernel().str();
  for (Value operand : op->getOperands()) {
    FailureOr<fb::Binding> binding = bindingOf(operand, symbols, program);
    if (failed(binding)) return failure();
    dispatch->bindings.push_back(*binding);
  }
  entry.dispatches.push_back(std::move(dispatch));
  return success();
}

static FailureOr<std::unique_ptr<fb::EntryT>> entryTable(exec::EntryOp op, const Symbols &symbols, exec::ProgramOp program) {
  auto entry = std::make_unique<fb::EntryT>();
  entry->name = op.getSymName().str();
  for (auto dispatch : op.getBody().getOps<exec::DispatchOp>())
    if (failed(addDispatch(dispatch, symbols, program, *entry))) return failure();
  auto result = cast<exec::ResultOp>(op.getBody().front().back());
  auto slice = result.getSlice().getDefiningOp<exec::SliceOp>();
  SliceType type = result.getSlice().getType();
  if (!slice || !type.getElementType().isF32()) return result.emitError("needs an f32 slice of the arena");
  entry->result_offset = slice.getOffset();
  entry->result_columns = static_cast<uint32_t>(type.getColumns());
  entry->result_stride = static_cast<uint32_t>(type.getStride() / 4);
  entry->result_domain = static_cast<fb::RowDomain>(type.getDomain());
  if (!result.getSource()) return entry;
  auto source = result.getSource().getDefiningOp<exec::SliceOp>();
  if (!source) return result.emitError("needs a source in the arena");
  entry->source_offset = source.getOffset();
  entry->source_columns = static_cast<uint32_t>(source.getType().getColumns());
  entry->source_stride = static_cast<uint32_t>(source.getType().getStride() / 4);
  return entry;
}

FailureOr<std::unique_ptr<fb::ProgramT>> lathe::programTable(exec::ProgramOp program, const ProgramCode &code,
                                                             const llvm::StringMap<uint32_t> &weightIndex) {
  auto table = std::make_unique<fb::ProgramT>();
  table->target = program.getTarget().str();
  table->kernel_abi = kKernelABI;
  table->arena_bytes = program.getArenaBytes();
  table->max_rows = static_cast<uint32_t>(program.getMaxRows());
  table->max_outputs = static_cast<uint32_t>(program.getMaxOutputs());
  table->block_bytes = program.getBlockBytes();
  table->fixed_bytes = program.getFixedBytes();
  Symbols symbols{{}, {}, weightIndex};
  for (const PlannedKernel &kernel : code.kernels) {
    symbols.kernels[kernel.name] = static_cast<uint32_t>(table->kernels.size());
    table->kernels.push_back(kernelTable(kernel));
  }
  for (auto state : program.getBody().getOps<exec::StateOp>()) {
    symbols.states[state.getSymName()] = static_cast<uint32_t>(table->states.size());
    table->states.push_back(stateTable(state));
  }
  for (auto op : program.getBody().getOps<exec::EntryOp>()) {
    auto entry = entryTable(op, symbols, program);
    if (failed(entry)) return failure();
    table->entries.push_back(std::move(*entry));
  }
  for (const VariantCode &variant : code.variants) table->variants.push_back(variantTable(variant));
  return table;
}

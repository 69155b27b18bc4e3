// lathe-verify-program: what the program level promises to code generation and to the runtime.
#include "Lower/Passes.h"

namespace lathe {
#define GEN_PASS_DEF_VERIFYPROGRAMPASS
#include "Lower/Passes.h.inc"
} // namespace lathe

using namespace mlir;
using namespace lathe;

namespace {

/// Bytes of the arena that hold something, and which slice type they were written through.
struct Written {
  int64_t begin, end;
  exec::SliceType type;
};

class EntryChecker {
public:
  EntryChecker(exec::ProgramOp program, exec::EntryOp entry) : program(program), entry(entry) {}

  LogicalResult run() {
    for (Operation &op : entry.getBody().front()) {
      if (auto slice = dyn_cast<exec::SliceOp>(op)) {
        if (failed(checkBounds(slice))) return failure();
      } else if (auto dispatch = dyn_cast<exec::DispatchOp>(op)) {
        if (failed(checkDispatch(dispatch))) return failure();
      } else if (auto result = dyn_cast<exec::ResultOp>(op)) {
        for (Value slice : result.getOperands())
          if (failed(checkRead(result, slice))) return failure();
        if (!result.getSlice().getType().getElementType().isF32())
          return result.emitOpError("is ") << result.getSlice().getType() << "; a result is f32";
      } else if (!isa<exec::UseOp>(op)) {
        return op.emitOpError("does not belong into an entry point");
      }
    }
    return success();
  }

private:
  std::pair<int64_t, int64_t> rangeOf(exec::SliceOp slice) {
    exec::SliceType type = slice.getType();
    int64_t rows =
        type.getDomain() == exec::RowDomain::Outputs ? program.getMaxOutputs() : program.getMaxRows();
    int64_t rowBytes = type.getGroup()
                           ? type.getStride()
                           : type.getColumns() * type.getElementType().getIntOrFloatBitWidth() / 8;
    int64_t begin = slice.getOffset();
    return {begin, begin + (rows - 1) * type.getStride() + rowBytes};
  }

  LogicalResult checkBounds(exec::SliceOp slice) {
    auto [begin, end] = rangeOf(slice);
    int64_t unit =
        slice.getType().getGroup() ? 64 : slice.getType().getElementType().getIntOrFloatBitWidth() / 8;
    if (begin < 0 || end > int64_t(program.getArenaBytes()))
      return slice.emitOpError("reaches from byte ")
             << begin << " to " << end << " of an arena of " << program.getArenaBytes();
    if (begin % unit)
      return slice.emitOpError("begins at byte ") << begin << ", not at a multiple of " << unit;
    return success();
  }

  /// What is read must have been written as a whole by one dispatch, and not been overwritten since.
  LogicalResult checkRead(Operation *reader, Value value) {
    auto slice = value.getDefiningOp<exec::SliceOp>();
    if (!slice) return reader->emitOpError("takes a slice that is none of its entry point");
    auto [begin, end] = rangeOf(slice);
    for (const Written &last : llvm::reverse(written)) {
      if (end <= last.begin || last.end <= begin) continue;
      exec::SliceType type = slice.getType();
      bool covers = last.begin <= begin && end <= last.end && last.type.getStride() == type.getStride() &&
                    last.type.getDomain() == type.getDomain() &&
                    last.type.getElementType() == type.getElementType() &&
                    last.type.getGroup() == type.getGroup();
      if (covers) return success();
      return reader->emitOpError("reads ") << type << " at byte " << begin << ", last written as "
                                           << last.type << " at byte " << last.begin;
    }
    return reader->emitOpError("reads ")
           << slice.getType() << " at byte " << begin << " before any dispatch writes it";
  }

  LogicalResult checkDispatch(exec::DispatchOp dispatch) {
    for (Value input : dispatch.getInputs())
      if (isa<exec::SliceType>(input.getType()) && failed(checkRead(dispatch, input))) return failure();
    for (Value output : dispatch.getOutputs()) {
      auto slice = output.getDefiningOp<exec::SliceOp>();
      if (!slice) return dispatch.emitOpError("takes a slice that is none of its entry point");
      auto [begin, end] = rangeOf(slice);
      for (Value other : dispatch.getOutputs())
        if (auto otherSlice = other.getDefiningOp<exec::SliceOp>(); otherSlice && otherSlice != slice) {
          auto [otherBegin, otherEnd] = rangeOf(otherSlice);
          if (begin < otherEnd && otherBegin < end) return dispatch.emitOpError("has outputs that overlap");
        }
      for (Value input : dispatch.getInputs())
        if (auto inputSlice = input.getDefiningOp<exec::SliceOp>()) {
          auto [inputBegin, inputEnd] = rangeOf(inputSlice);
          bool same = inputSlice.getType() == slice.getType() && inputBegin == begin;
          if (begin < inputEnd && inputBegin < end && !same)
            return dispatch.emitOpError("writes an output over part of an input");
        }
      written.push_back({begin, end, slice.getType()});
    }
    return success();
  }

  exec::ProgramOp program;
  exec::EntryOp entry;
  SmallVector<Written> written;
};

LogicalResult checkState(exec::ProgramOp program, exec::StateOp state) {
  auto type = cast<StateType>(state.getType());
  bool growing = type.getKind() == StateKind::Growing;
  int64_t bytes = type.getElementType().getIntOrFloatBitWidth() / 8 * (growing ? 64 : 1);
  for (int64_t extent : type.getShape()) bytes *= extent;
  int64_t total = growing ? program.getBlockBytes() : program.getFixedBytes();
  int64_t offset = state.getOffset();
  if (offset < 0 || offset % 64 || offset + bytes > total)
    return state.emitOpError("of ") << bytes << " bytes at offset " << offset << " does not fit " << total
                                    << " bytes";
  return success();
}

LogicalResult checkKernel(exec::KernelOp kernel) {
  Operation *root = nullptr;
  for (Operation &op : kernel.getBody().front().without_terminator()) {
    if (isDispatchRoot(&op)) {
      if (root) return op.emitOpError("is a second root in one kernel");
      root = &op;
    } else if (!isa<FusableOpInterface, SelectOutputsOp, QuantizeRowsOp, CacheWriteOp, TokensOp, PositionsOp>(
                   op)) {
      return op.emitOpError("can't stand in a kernel");
    }
    for (Value operand : op.getOperands())
      if (auto weight = dyn_cast<WeightType>(operand.getType()))
        if (!weight.isVector() && !weight.getPanel())
          return op.emitOpError(
              "reads a matrix that is not packed; run lathe-pack-weights before lathe-form-dispatches");
  }
  return success();
}

LogicalResult checkProgram(exec::ProgramOp program) {
  unsigned entries = 0;
  for (Operation &op : program.getBody().front()) {
    LogicalResult result = success();
    if (auto state = dyn_cast<exec::StateOp>(op))
      result = checkState(program, state);
    else if (auto kernel = dyn_cast<exec::KernelOp>(op))
      result = checkKernel(kernel);
    else if (auto entry = dyn_cast<exec::EntryOp>(op)) {
      ++entries;
      result = EntryChecker(program, entry).run();
    } else if (!isa<exec::WeightOp>(op))
      result = op.emitOpError("does not belong into a program");
    if (failed(result)) return failure();
  }
  return entries ? success() : LogicalResult(program.emitOpError("has no entry point"));
}

struct VerifyProgramPass : lathe::impl::VerifyProgramPassBase<VerifyProgramPass> {
  void runOnOperation() override {
    unsigned programs = 0;
    for (Operation &op : *getOperation().getBody()) {
      auto program = dyn_cast<exec::ProgramOp>(op);
      if (!program) {
        op.emitError() << "is left of the model level; run the lower phase";
        return signalPassFailure();
      }
      if (failed(checkProgram(program))) return signalPassFailure();
      ++programs;
    }
    if (programs) return;
    getOperation().emitError() << "holds no program; run the lower phase";
    signalPassFailure();
  }
};

} // namespace

// A rows kernel takes one row of its domain per work item. Ops that need the whole row (norms, quantization)
// cut it into loops over the columns; a value that more than one loop reads is kept: in the kernel's result,
// if it is one, or else in scratch.
#include "Codegen/Kernel/RowsKernel.h"

#include "Codegen/Kernel/QuantizeRow.h"

#include "llvm/ADT/SetVector.h"

using namespace mlir;
using namespace lathe;

static int64_t columnsOf(Value tensor) { return cast<RankedTensorType>(tensor.getType()).getDimSize(1); }

static bool isWholeRow(Operation *op) {
  auto fusable = dyn_cast<FusableOpInterface>(op);
  return fusable && fusable.getLocality() == Locality::Row;
}

/// The computed values that several loops read, in the order in which they are computed.
static llvm::SetVector<Value> keptValues(exec::KernelOp kernel) {
  llvm::SetVector<Value> kept;
  for (Operation &op : kernel.getBody().front()) {
    if (!isWholeRow(&op) && !isa<QuantizeRowsOp, RopeOp>(op)) continue;
    if (!FusedRegion::isStored(op.getOperand(0))) kept.insert(op.getOperand(0));
  }
  return kept;
}

/// The number of the f32 result that holds `value`, if there is one.
static std::optional<unsigned> resultThatHolds(exec::KernelOp kernel, Value value) {
  ArrayRef<Attribute> slices = kernel.getSlices().getValue().drop_front(kernel.getBody().getNumArguments());
  for (auto [index, yielded] : llvm::enumerate(kernel.getBody().front().getTerminator()->getOperands()))
    if (yielded == value &&
        cast<exec::SliceType>(cast<TypeAttr>(slices[index]).getValue()).getElementType().isF32())
      return index;
  return std::nullopt;
}

int64_t lathe::rowsScratchBytes(exec::KernelOp kernel) {
  int64_t bytes = 0;
  for (Value value : keptValues(kernel))
    if (!resultThatHolds(kernel, value)) bytes += llvm::alignTo(columnsOf(value) * 4, 64);
  return bytes;
}

/// The rope that `value` is computed from in the same loop, or nothing.
static RopeOp findRope(Value value, const llvm::SetVector<Value> &kept) {
  Operation *op = value.getDefiningOp();
  if (!op || FusedRegion::isStored(value) || kept.contains(value)) return {};
  if (auto rope = dyn_cast<RopeOp>(op)) return rope;
  for (Value operand : op->getOperands())
    if (RopeOp rope = findRope(operand, kept)) return rope;
  return {};
}

//===------------------------------------------------------------------------------------------------------===//
// Emission
//===------------------------------------------------------------------------------------------------------===//

namespace {

/// How the columns of a final loop are walked: plainly (heads = 1, half = 0) or head by head in halves.
struct Walk {
  int64_t heads, headColumns, half;
  bool operator==(const Walk &other) const = default;
};

class RowEmitter {
public:
  RowEmitter(KernelContext &on, FusedRegion &region, Value row)
      : on(on), region(region), row(row), kernel(on.kernel), kept(keptValues(kernel)) {}

  void run() {
    for (Operation &op : kernel.getBody().front()) {
      if (isWholeRow(&op))
        reduce(cast<FusableOpInterface>(op));
      else if (auto quantize = dyn_cast<QuantizeRowsOp>(op))
        emitQuantize(quantize);
      else if (isa<RopeOp>(op))
        keep(op.getOperand(0));
    }
    storeResults();
    for (auto write : kernel.getBody().front().getOps<CacheWriteOp>()) writeCache(write);
  }

private:
  KernelContext &on;
  FusedRegion &region;
  Value row;
  exec::KernelOp kernel;
  llvm::SetVector<Value> kept;
  llvm::SmallPtrSet<Value, 4> done; // kept values that lie in memory
  int64_t scratchUsed = 0;

  Place placeAt(Value column, int64_t width) { return Place{row, column, width, std::nullopt}; }

  bool mustKeep(Value value) { return kept.contains(value) && !done.contains(value); }

  /// Where a kept value lies; from the end of the loop that stores it on, the region reads it there.
  Value home(Value value) {
    if (auto index = resultThatHolds(kernel, value))
      return on.rowPointer(on.resultPointer(*index), on.resultSlice(*index), row);
    Value pointer = on.offset(on.scratch, scratchUsed);
    scratchUsed += llvm::alignTo(columnsOf(value) * 4, 64);
    return pointer;
  }

  void readFromHome(Value value, Value pointer) {
    done.insert(value);
    region.provide(value, [this, pointer](const Place &place) {
      return on.loadFloats(pointer, on.builder.getF32Type(), place.column, place.width);
    });
  }

  void keep(Value value) {
    if (!mustKeep(value)) return;
    Value pointer = home(value);
    on.forColumns(columnsOf(value), [&](Value column, int64_t width) {
      region.newPlace();
      on.storeFloats(region.at(value, placeAt(column, width)), pointer, on.builder.getF32Type(), column);
    });
    region.newPlace();
    on.barrier();
    readFromHome(value, pointer);
  }

  /// The sums of a whole-row op; the first pass stores its input if that is kept.
  void reduce(FusableOpInterface op) {
    Value input = op->getOperand(0);
    int64_t columns = columnsOf(input);
    SmallVector<Value> scalars;
    for (unsigned index = 0; index < op.getNumReductions(); ++index) {
      Value pointer = mustKeep(input) ? home(input) : Value();
      Value sum = on.sumColumns(columns, [&](Value column, int64_t width) {
        region.newPlace();
        SmallVector<Value> operands, broadcast;
        for (Value operand : op->getOperands())
          operands.push_back(region.at(operand, placeAt(column, width)));
        for (Value scalar : scalars) broadcast.push_back(on.splat(scalar, width));
        if (pointer) on.storeFloats(operands[0], pointer, on.builder.getF32Type(), column);
        return op.emitSummand(on.builder, index, operands, broadcast);
      });
      region.newPlace();
      if (pointer) readFromHome(input, pointer);
      scalars.push_back(op.emitScalar(on.builder, index, sum, columns));
    }
    region.provideScalars(op, scalars);
  }

  void emitQuantize(QuantizeRowsOp op) {
    keep(op.getInput());
    for (OpOperand &use : op.getResult().getUses()) {
      exec::SliceType slice = on.resultSlice(use.getOperandNumber());
      Value pointer = on.rowPointer(on.resultPointer(use.getOperandNumber()), slice, row);
      quantizeRow(on, slice, pointer, [&](Value column, int64_t width) {
        region.newPlace();
        return region.at(op.getInput(), placeAt(column, width));
      });
      region.newPlace();
    }
  }

  Walk walkOf(Value value) {
    RopeOp rope = findRope(value, kept);
    if (!rope) return {1, columnsOf(value), 0};
    int64_t heads = rope.getHeads();
    return {heads, columnsOf(rope.getInput()) / heads, columnsOf(rope.getTable()) / 2};
  }

  /// Calls `body` with the places of each step: one, or both halves of a head together, since a rotation
  /// reads both before either may be overwritten.
  void forPlaces(const Walk &walk, llvm::function_ref<void(Value head, ArrayRef<Place>)> body) {
    auto step = [&](Value head, ArrayRef<Place> places) {
      region.newPlace();
      body(head, places);
      region.newPlace();
    };
    on.forBlocks(walk.heads, walk.half, [&](Value head, Value j, int64_t width) {
      Value low = on.add(on.mul(head, walk.headColumns), j), high = on.add(low, walk.half);
      Place first{row, low, width, Place::Head{j, high, 0, walk.half}};
      Place second{row, high, width, Place::Head{j, low, 1, walk.half}};
      step(head, {first, second});
    });
    on.forBlocks(walk.heads, walk.headColumns - 2 * walk.half, [&](Value head, Value j, int64_t width) {
      Value inHead = on.add(j, 2 * walk.half);
      Place place = placeAt(on.add(on.mul(head, walk.headColumns), inHead), width);
      if (walk.half) place.head = Place::Head{inHead, Value(), 2, walk.half};
      step(head, place);
    });
  }

  void storeResults() {
    SmallVector<unsigned> pending;
    for (auto [index, value] : llvm::enumerate(kernel.getBody().front().getTerminator()->getOperands()))
      if (!value.getDefiningOp<QuantizeRowsOp>() &&
          !(done.contains(value) && resultThatHolds(kernel, value) == index))
        pending.push_back(index);
    ValueRange yielded = kernel.getBody().front().getTerminator()->getOperands();
    while (!pending.empty()) {
      Walk walk = walkOf(yielded[pending.front()]);
      SmallVector<unsigned> now, later;
      for (unsigned index : pending) (walkOf(yielded[index]) == walk ? now : later).push_back(index);
      forPlaces(walk, [&](Value, ArrayRef<Place> places) { storeAt(yielded, now, places); });
      pending = later;
    }
  }

  void storeAt(ValueRange yielded, ArrayRef<unsigned> results, ArrayRef<Place> places) {
    SmallVector<Value> values;
    for (unsigned index : results)
      for (const Place &place : places) values.push_back(region.at(yielded[index], place));
    auto *next = values.begin();
    for (unsigned index : results)
      for (const Place &place : places) {
        exec::SliceType slice = on.resultSlice(index);
        Value pointer = on.rowPointer(on.resultPointer(index), slice, row);
        on.storeFloats(*next++, pointer, slice.getElementType(), place.column);
      }
  }

  void writeCache(CacheWriteOp op) {
    BlockArgument state = on.stateArgument(op.getStateAttr());
    auto type = cast<StateType>(state.getType());
    int64_t heads = type.getShape()[1], dim = type.getShape()[2];
    int64_t elementBytes = type.getElementType().getIntOrFloatBitWidth() / 8;
    Value position = on.batchEntry(LATHE_BATCH(positions), row);
    Value slot = on.batchEntry(LATHE_BATCH(slots), row);
    Value block = on.statePointer(state, slot, on.div(position, kBlockPositions));
    Value entry = on.offset(block, on.mul(on.rem(position, kBlockPositions), dim * elementBytes));
    const std::array<Value, 2> written = {op.getKeys(), op.getValues()};
    for (auto [plane, value] : llvm::enumerate(written)) {
      Value planeStart = on.offset(entry, int64_t(plane) * heads * kBlockPositions * dim * elementBytes);
      Walk walk = walkOf(value);
      if (walk.heads == 1) walk = {heads, dim, walk.half};
      forPlaces(walk, [&](Value head, ArrayRef<Place> places) {
        Value pointer = on.offset(planeStart, on.mul(head, kBlockPositions * dim * elementBytes));
        SmallVector<Value> values;
        for (const Place &place : places) values.push_back(region.at(value, place));
        for (auto [place, vector] : llvm::zip(places, values))
          on.storeFloats(vector, pointer, type.getElementType(), on.sub(place.column, on.mul(head, dim)));
      });
    }
  }
};

} // namespace

void lathe::emitRow(KernelContext &context, FusedRegion &region, Value row) {
  RowEmitter(context, region, row).run();
}

//===------------------------------------------------------------------------------------------------------===//
// The family
//===------------------------------------------------------------------------------------------------------===//

bool lathe::matchRows(exec::KernelOp kernel) { return !findRoot(kernel); }

/// All ropes that one value is computed from turn the same halves.
static LogicalResult checkRopes(RopeOp op) {
  for (Operation *user : op->getUsers())
    for (Value operand : user->getOperands())
      if (auto other = operand.getDefiningOp<RopeOp>())
        if (other.getHeads() != op.getHeads() || other.getTable().getType() != op.getTable().getType())
          if (!isa<CacheWriteOp, YieldOp>(user))
            return user->emitOpError("joins rotations of different heads in one kernel");
  return success();
}

LogicalResult lathe::checkRows(exec::KernelOp kernel) {
  for (Operation &op : kernel.getBody().front().without_terminator()) {
    if (isDispatchRoot(&op) || isa<TokensOp, PositionsOp, SplitOp>(op)) continue;
    if (isa<SelectOutputsOp>(op) && !FusedRegion::isStored(op.getResult(0)))
      return op.emitOpError(
          "chooses rows of a value that its own kernel computes; form the dispatch behind it");
    if (auto quantize = dyn_cast<QuantizeRowsOp>(op))
      for (Operation *user : quantize.getResult().getUsers())
        if (!isa<YieldOp>(user)) return op.emitOpError("must be a result of its kernel");
    if (auto rope = dyn_cast<RopeOp>(op))
      if (failed(checkRopes(rope))) return failure();
    if (!isa<FusableOpInterface, SelectOutputsOp, QuantizeRowsOp, CacheWriteOp>(op))
      return op.emitOpError("has no place in a kernel over rows");
  }
  return success();
}

FailureOr<SmallVector<KernelClass>> lathe::planRows(exec::KernelOp kernel, int64_t maxRows) {
  if (failed(checkRows(kernel))) return failure();
  return SmallVector<KernelClass>{{maxRows, {domainFactor(kernel.getDomain(), 1)}, rowsScratchBytes(kernel)}};
}

LogicalResult lathe::emitRows(KernelContext &context) {
  FusedRegion region(context);
  context.forItems([&](Value row) { emitRow(context, region, row); });
  return success();
}

#include "Codegen/Kernel/SequenceKernels.h"

#include "Codegen/Kernel/FusedRegion.h"
#include "Codegen/Kernel/RowsKernel.h"

#include "mlir/Dialect/Math/IR/Math.h"

using namespace mlir;
using namespace lathe;

static int64_t columnsOf(Value tensor) { return cast<RankedTensorType>(tensor.getType()).getDimSize(1); }

static LogicalResult checkStored(Operation *op, ValueRange operands) {
  for (Value operand : operands)
    if (!FusedRegion::isStored(operand))
      return op->emitOpError("takes rows that its own kernel computes; form the dispatch behind them");
  return success();
}

//===------------------------------------------------------------------------------------------------------===//
// rope_table: one row per item
//===------------------------------------------------------------------------------------------------------===//

bool lathe::matchRopeTable(exec::KernelOp kernel) { return isa_and_nonnull<RopeTableOp>(findRoot(kernel)); }

FailureOr<SmallVector<KernelClass>> lathe::planRopeTable(exec::KernelOp kernel, int64_t maxRows) {
  auto op = cast<RopeTableOp>(findRoot(kernel));
  if (!op.getPositions().getDefiningOp<PositionsOp>())
    return op.emitOpError("takes its positions from lathe.positions in the same kernel");
  if (failed(FusedRegion::checkEpilogue(kernel, op, columnsOf(op.getResult())))) return failure();
  return SmallVector<KernelClass>{{maxRows, {{GridKind::Rows, 1}}, 0}};
}

/// Cosines and sines of the frequencies [first, first + width).
static void emitAngles(KernelContext &on, FusedRegion &region, RopeTableOp op, Value row, Value position,
                       int64_t first, int64_t width) {
  ArrayRef<float> frequencies = op.getFrequencies();
  int64_t half = frequencies.size();
  auto type = VectorType::get(width, on.builder.getF32Type());
  auto constant = DenseElementsAttr::get(type, frequencies.slice(first, width));
  Value angle = on.mulF(on.splat(position, width), arith::ConstantOp::create(on.builder, on.loc, constant));
  Value factor = on.splat(op.getFactor().convertToDouble(), width);
  Value cos = on.mulF(factor, math::CosOp::create(on.builder, on.loc, angle));
  Value sin = on.mulF(factor, math::SinOp::create(on.builder, on.loc, angle));
  region.emitEpilogue(op, cos, Place{row, on.i64(first), width, std::nullopt});
  region.emitEpilogue(op, sin, Place{row, on.i64(half + first), width, std::nullopt});
}

LogicalResult lathe::emitRopeTable(KernelContext &on) {
  auto op = cast<RopeTableOp>(findRoot(on.kernel));
  FusedRegion region(on);
  int64_t half = op.getFrequencies().size();
  on.forItems([&](Value row) {
    Value position = on.batchEntry(LATHE_BATCH(positions), row);
    position = arith::SIToFPOp::create(on.builder, on.loc, on.builder.getF32Type(), position);
    // The frequencies are constants of the code, so the steps are laid out one by one.
    for (int64_t first = 0, piece = 0, width = on.columnStep(); first < half; first += width) {
      while (width > half - first) width /= 2;
      on.onThread(piece++, [&] { emitAngles(on, region, op, row, position, first, width); });
    }
  });
  return success();
}

//===------------------------------------------------------------------------------------------------------===//
// pool: one sequence per item; what follows is a rows kernel over sequences
//===------------------------------------------------------------------------------------------------------===//

bool lathe::matchPool(exec::KernelOp kernel) { return isa_and_nonnull<PoolOp>(findRoot(kernel)); }

FailureOr<SmallVector<KernelClass>> lathe::planPool(exec::KernelOp kernel, int64_t maxRows) {
  auto op = cast<PoolOp>(findRoot(kernel));
  if (failed(checkRows(kernel)) || failed(checkStored(op, op.getInput()))) return failure();
  return SmallVector<KernelClass>{{maxRows, {{GridKind::Sequences, 1}}, rowsScratchBytes(kernel)}};
}

/// The pooled columns of the sequence with rows [first, last).
static Value poolColumns(KernelContext &on, FusedRegion &region, PoolOp op, Value first, Value last,
                         const Place &place) {
  auto valuesAt = [&](Value row) {
    auto stored = *region.storedRow(op.getInput(), row);
    return on.loadFloats(stored.pointer, stored.slice.getElementType(), place.column, place.width);
  };
  if (op.getKind() == PoolKind::First) return valuesAt(first);
  if (op.getKind() == PoolKind::Last) return valuesAt(on.sub(last, on.i64(1)));
  bool mean = op.getKind() == PoolKind::Mean;
  Value pooled = on.forRange(on.add(first, 1), last, 1, valuesAt(first), [&](Value row, ValueRange carried) {
    Value values = valuesAt(row);
    return SmallVector<Value>{mean ? on.addF(carried[0], values) : on.maxF(values, carried[0])};
  })[0];
  if (!mean) return pooled;
  Value count = arith::SIToFPOp::create(on.builder, on.loc, on.builder.getF32Type(), on.sub(last, first));
  return on.divF(pooled, on.splat(count, place.width));
}

LogicalResult lathe::emitPool(KernelContext &on) {
  auto op = cast<PoolOp>(findRoot(on.kernel));
  on.forItems([&](Value sequence) {
    FusedRegion region(on);
    Value first = on.batchEntry(LATHE_BATCH(sequenceFirst), sequence);
    Value last = on.batchEntry(LATHE_BATCH(sequenceFirst), on.add(sequence, 1));
    region.provide(op.getResult(),
                   [&](const Place &place) { return poolColumns(on, region, op, first, last, place); });
    emitRow(on, region, sequence);
  });
  return success();
}

//===------------------------------------------------------------------------------------------------------===//
// decay_scan: one sequence and some columns per item, row after row
//===------------------------------------------------------------------------------------------------------===//

static int64_t scanChunks(DecayScanOp op) {
  int64_t columns = columnsOf(op.getInput());
  return columns % 64 ? 1 : columns / 64;
}

bool lathe::matchDecayScan(exec::KernelOp kernel) { return isa_and_nonnull<DecayScanOp>(findRoot(kernel)); }

FailureOr<SmallVector<KernelClass>> lathe::planDecayScan(exec::KernelOp kernel, int64_t maxRows) {
  auto op = cast<DecayScanOp>(findRoot(kernel));
  if (failed(checkStored(op, {op.getInput(), op.getGate()})) ||
      failed(FusedRegion::checkEpilogue(kernel, op, columnsOf(op.getInput()))))
    return failure();
  KernelClass only{maxRows, {{GridKind::Constant, uint32_t(scanChunks(op))}, {GridKind::Sequences, 1}}, 0};
  return SmallVector<KernelClass>{only};
}

LogicalResult lathe::emitDecayScan(KernelContext &on) {
  auto op = cast<DecayScanOp>(findRoot(on.kernel));
  FusedRegion region(on);
  Type f32 = on.builder.getF32Type();
  Value state = on.argumentPointer(on.stateArgument(op.getStateAttr()));
  int64_t columns = columnsOf(op.getInput()) / scanChunks(op);
  on.forItems([&](Value item) {
    Value sequences = on.batchCount(LATHE_BATCH(sequences)), sequence = on.rem(item, sequences);
    Value start = on.mul(on.div(item, sequences), columns);
    Value first = on.batchEntry(LATHE_BATCH(sequenceFirst), sequence);
    Value last = on.batchEntry(LATHE_BATCH(sequenceFirst), on.add(sequence, 1));
    Value slot = on.batchEntry(LATHE_BATCH(sequenceSlots), sequence);
    Value pointer = on.offset(state, on.mul(slot, on.batchCount(LATHE_BATCH(fixedBytes))));
    on.forColumns(columns, [&](Value offset, int64_t width) {
      Value column = on.add(start, offset), one = on.splat(1.0, width);
      Value before = on.loadFloats(pointer, f32, column, width);
      auto after = on.forRange(first, last, 1, before, [&](Value row, ValueRange carried) {
        Place place{row, column, width, std::nullopt};
        region.newPlace();
        Value gate = region.at(op.getGate(), place), input = region.at(op.getInput(), place);
        Value decay =
            math::ExpOp::create(on.builder, on.loc, arith::NegFOp::create(on.builder, on.loc, gate));
        Value next = on.fma(on.divF(one, on.addF(one, decay)), carried[0], input);
        region.emitEpilogue(op, next, place);
        return SmallVector<Value>{next};
      });
      on.storeFloats(after[0], pointer, f32, column);
    });
  });
  return success();
}

#include "Codegen/Kernel/FusedRegion.h"

using namespace mlir;
using namespace lathe;

static int64_t columnsOf(Value tensor) { return cast<RankedTensorType>(tensor.getType()).getDimSize(1); }

static bool samePlace(const Place &a, const Place &b) {
  if (a.row != b.row || a.column != b.column || a.width != b.width || a.head.has_value() != b.head.has_value())
    return false;
  return !a.head || (a.head->inHalf == b.head->inHalf && a.head->half == b.head->half);
}

//===------------------------------------------------------------------------------------------------------===//
// Stored rows
//===------------------------------------------------------------------------------------------------------===//

bool FusedRegion::isStored(Value tensor) {
  while (Operation *op = tensor.getDefiningOp()) {
    if (!isa<SelectOutputsOp, SplitOp>(op)) return false;
    tensor = op->getOperand(0);
  }
  return true;
}

std::optional<FusedRegion::StoredRow> FusedRegion::storedRow(Value tensor, Value row) {
  if (!isStored(tensor)) return std::nullopt;
  int64_t column = 0;
  while (Operation *op = tensor.getDefiningOp()) {
    if (isa<SelectOutputsOp>(op)) {
      row = context.batchEntry(LATHE_BATCH(outputRows), row);
    } else {
      for (Value part : op->getResults().take_front(cast<OpResult>(tensor).getResultNumber())) column += columnsOf(part);
    }
    tensor = op->getOperand(0);
  }
  auto argument = cast<BlockArgument>(tensor);
  exec::SliceType slice = context.argumentSlice(argument);
  Value pointer = context.rowPointer(context.argumentPointer(argument), slice, row);
  return StoredRow{context.offset(pointer, column * slice.getElementType().getIntOrFloatBitWidth() / 8), slice};
}

//===------------------------------------------------------------------------------------------------------===//
// Values at a place
//===------------------------------------------------------------------------------------------------------===//

void FusedRegion::provide(Value tensor, Source source) { sources[tensor] = std::move(source); }

void FusedRegion::provideScalars(Operation *op, ArrayRef<Value> values) {
  scalars[op] = SmallVector<Value>(values);
}

Value FusedRegion::at(Value tensor, const Place &place) {
  for (auto &[key, value] : kept)
    if (key.first == tensor && samePlace(key.second, place)) return value;
  Value value = compute(tensor, place);
  kept.push_back({{tensor, place}, value});
  return value;
}

Value FusedRegion::compute(Value tensor, const Place &place) {
  if (auto source = sources.find(tensor); source != sources.end()) return source->second(place);
  if (auto weight = dyn_cast<WeightType>(tensor.getType()))
    return context.loadFloats(context.argumentPointer(cast<BlockArgument>(tensor)), weight.getEncoding().getCodes(),
                              place.column, place.width);
  if (auto row = storedRow(tensor, place.row))
    return context.loadFloats(row->pointer, row->slice.getElementType(), place.column, place.width);
  Operation *op = tensor.getDefiningOp();
  if (auto rope = dyn_cast<RopeOp>(op)) return computeRope(rope, place);
  Place from = place;
  if (auto split = dyn_cast<SplitOp>(op)) {
    int64_t first = 0;
    for (Value part : split.getParts().take_front(cast<OpResult>(tensor).getResultNumber())) first += columnsOf(part);
    from.column = context.add(place.column, first);
    return at(split.getInput(), from);
  }
  if (auto select = dyn_cast<SelectOutputsOp>(op)) {
    from.row = context.batchEntry(LATHE_BATCH(outputRows), place.row);
    return at(select.getInput(), from);
  }
  SmallVector<Value> operands, broadcast;
  for (Value operand : op->getOperands()) operands.push_back(at(operand, place));
  for (Value scalar : scalars.lookup(op)) broadcast.push_back(context.splat(scalar, place.width));
  return cast<FusableOpInterface>(op).emitElement(context.builder, operands, broadcast);
}

Value FusedRegion::computeRope(RopeOp op, const Place &place) {
  assert(place.head && "columns are walked in halves of heads where a rope is among the ops");
  const Place::Head &head = *place.head;
  if (head.half == 2) return at(op.getInput(), place);
  Place partner = place;
  partner.head->half = 1 - head.half;
  partner.column = head.partner;
  partner.head->partner = place.column;
  Place cosine{place.row, head.inHalf, place.width, std::nullopt};
  Place sine{place.row, context.add(head.inHalf, head.halfColumns), place.width, std::nullopt};
  Value x = at(op.getInput(), place), y = at(op.getInput(), partner);
  Value cos = at(op.getTable(), cosine), sin = at(op.getTable(), sine);
  if (head.half == 0) sin = arith::NegFOp::create(context.builder, context.loc, sin);
  return op.emitElement(context.builder, {x, y, cos, sin}, {});
}

//===------------------------------------------------------------------------------------------------------===//
// Behind a root
//===------------------------------------------------------------------------------------------------------===//

/// Whether a quantization stands at the end of a kernel, with groups that divide `tile` columns.
static bool quantizesTiles(Operation &op, int64_t tile) {
  auto quantize = dyn_cast<QuantizeRowsOp>(op);
  if (!quantize || !tile) return false;
  auto encoding = cast<QuantizedRowsAttr>(cast<RankedTensorType>(quantize.getResult().getType()).getEncoding());
  return tile % encoding.getGroup() == 0 && quantize.getResult().hasOneUse() &&
         isa<YieldOp>(*quantize.getResult().user_begin());
}

LogicalResult FusedRegion::checkEpilogue(exec::KernelOp kernel, Operation *root, int64_t columns, int64_t tile) {
  llvm::SmallPtrSet<Operation *, 16> before;
  SmallVector<Value> pending(root->getOperands());
  while (!pending.empty()) {
    Operation *op = pending.pop_back_val().getDefiningOp();
    if (op && before.insert(op).second) llvm::append_range(pending, op->getOperands());
  }
  for (Operation &op : kernel.getBody().front().without_terminator()) {
    if (&op == root || before.contains(&op) || isa<SelectOutputsOp>(op) || quantizesTiles(op, tile)) continue;
    auto fusable = dyn_cast<FusableOpInterface>(op);
    if (!fusable || fusable.getLocality() != Locality::Element)
      return op.emitOpError("can't be computed element by element behind ") << root->getName();
  }
  for (Value value : kernel.getBody().front().getTerminator()->getOperands())
    if (columnsOf(value) != columns)
      return root->emitOpError("gives ") << columns << " columns, a result of its kernel has " << columnsOf(value);
  return success();
}

void FusedRegion::emitEpilogue(Operation *root, ValueRange rootValues, const Place &place,
                               Quantize quantize) {
  newPlace();
  for (auto [result, value] : llvm::zip(root->getResults(), rootValues)) kept.push_back({{result, place}, value});
  exec::KernelOp kernel = context.kernel;
  SmallVector<Value> values;
  for (Value value : kernel.getBody().front().getTerminator()->getOperands()) {
    auto quantized = value.getDefiningOp<QuantizeRowsOp>();
    values.push_back(at(quantized ? quantized.getInput() : value, place));
    if (quantized) quantize(quantized, std::exchange(values.back(), Value()));
  }
  for (auto [index, value] : llvm::enumerate(values)) {
    if (!value) continue;
    exec::SliceType slice = context.resultSlice(index);
    Value row = context.rowPointer(context.resultPointer(index), slice, place.row);
    context.storeFloats(value, row, slice.getElementType(), place.column);
  }
  newPlace();
}

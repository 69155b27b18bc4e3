#include "Codegen/Kernel/KernelContext.h"

#include "mlir/Dialect/Math/IR/Math.h"

using namespace mlir;
using namespace lathe;

KernelContext::KernelContext(OpBuilder &builder, exec::KernelOp kernel, const KernelClass &kernelClass)
    : builder(builder), loc(kernel.getLoc()), kernel(kernel), kernelClass(kernelClass) {
  start_ = arith::ConstantOp::create(builder, loc, builder.getI64IntegerAttr(0));
}

Value KernelContext::atStart(llvm::function_ref<Value()> emit) {
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPoint(start_);
  return emit();
}

//===------------------------------------------------------------------------------------------------------===//
// The batch
//===------------------------------------------------------------------------------------------------------===//

Value KernelContext::batchCount(size_t offset) {
  Value &field = batchFields_[offset];
  bool wide = offset >= LATHE_BATCH(blocksPerSlot);
  if (!field)
    field = atStart([&]() -> Value {
      Value pointer = this->offset(batch, int64_t(offset));
      return wide ? load(builder.getI64Type(), pointer, 8) : loadI32(pointer, i64(0));
    });
  return field;
}

Value KernelContext::domainRows() {
  exec::KernelOp op = kernel;
  switch (op.getDomain()) {
  case exec::RowDomain::Rows:
    return batchCount(LATHE_BATCH(rows));
  case exec::RowDomain::Outputs:
    return batchCount(LATHE_BATCH(outputs));
  case exec::RowDomain::Sequences:
    return batchCount(LATHE_BATCH(sequences));
  }
  llvm_unreachable("all domains are handled");
}

Value KernelContext::batchArray(size_t offset) {
  Value &field = batchFields_[offset];
  if (!field) field = atStart([&] { return load(pointerType(), this->offset(batch, int64_t(offset)), 8); });
  return field;
}

Value KernelContext::batchEntry(size_t offset, Value index) { return loadI32(batchArray(offset), index); }

Value KernelContext::segmentField(Value segment, size_t offset) {
  Value pointer = this->offset(batchArray(LATHE_BATCH(runs)), mul(segment, int64_t(sizeof(KernelSegment))));
  return loadI32(this->offset(pointer, int64_t(offset)), i64(0));
}

//===------------------------------------------------------------------------------------------------------===//
// Bindings
//===------------------------------------------------------------------------------------------------------===//

Value KernelContext::bindingPointer(unsigned index) {
  Value &pointer = pointers_[index];
  if (!pointer) pointer = atStart([&] { return loadBinding(index); });
  return pointer;
}

/// The batch takes no binding, so that arguments behind it move up.
static unsigned bindingsBefore(exec::KernelOp kernel, unsigned argument) {
  unsigned count = 0;
  for (BlockArgument other : kernel.getBody().getArguments().take_front(argument))
    count += !isa<BatchType>(other.getType());
  return count;
}

Value KernelContext::argumentPointer(BlockArgument argument) {
  return bindingPointer(bindingsBefore(kernel, argument.getArgNumber()));
}

Value KernelContext::resultPointer(unsigned index) {
  exec::KernelOp op = kernel;
  return bindingPointer(bindingsBefore(op, op.getBody().getNumArguments()) + index);
}

static exec::SliceType sliceAt(exec::KernelOp kernel, unsigned index) {
  return cast<exec::SliceType>(cast<TypeAttr>(kernel.getSlices()[index]).getValue());
}

exec::SliceType KernelContext::argumentSlice(BlockArgument argument) {
  return sliceAt(kernel, argument.getArgNumber());
}

exec::SliceType KernelContext::resultSlice(unsigned index) {
  exec::KernelOp op = kernel;
  return sliceAt(op, op.getBody().getNumArguments() + index);
}

BlockArgument KernelContext::stateArgument(FlatSymbolRefAttr state) {
  exec::KernelOp op = kernel;
  auto number = op.getStates().getAs<IntegerAttr>(state.getValue());
  return op.getBody().getArgument(number.getInt());
}

Value KernelContext::rowPointer(Value pointer, exec::SliceType slice, Value row) {
  return offset(pointer, mul(row, slice.getStride()));
}

Value KernelContext::statePointer(BlockArgument state, Value slot, Value block) {
  Value entry = add(mul(slot, batchCount(LATHE_BATCH(blocksPerSlot))), block);
  Value number = batchEntry(LATHE_BATCH(blockTables), entry);
  return offset(argumentPointer(state), mul(number, batchCount(LATHE_BATCH(blockBytes))));
}

//===------------------------------------------------------------------------------------------------------===//
// Constants and arithmetic
//===------------------------------------------------------------------------------------------------------===//

Value KernelContext::i64(int64_t value) {
  return arith::ConstantOp::create(builder, loc, builder.getI64IntegerAttr(value));
}

Value KernelContext::i32(int64_t value) {
  return arith::ConstantOp::create(builder, loc, builder.getI32IntegerAttr(int32_t(value)));
}

Value KernelContext::f32(double value) {
  return arith::ConstantOp::create(builder, loc, builder.getF32FloatAttr(float(value)));
}

Value KernelContext::splat(double value, int64_t width) {
  auto type = VectorType::get(width, builder.getF32Type());
  return arith::ConstantOp::create(builder, loc, DenseElementsAttr::get(type, float(value)));
}

Value KernelContext::splat(Value scalar, int64_t width) {
  return vector::BroadcastOp::create(builder, loc, VectorType::get(width, scalar.getType()), scalar);
}

Value KernelContext::greaterF(Value a, Value b) {
  return arith::CmpFOp::create(builder, loc, arith::CmpFPredicate::OGT, a, b);
}

Value KernelContext::maxF(Value a, Value b) {
  // The order of operands makes this the bare vmaxps.
  return select(greaterF(a, b), a, b);
}

Value KernelContext::fma(Value a, Value b, Value c) { return math::FmaOp::create(builder, loc, a, b, c); }

static Value foldLanes(KernelContext &on, Value vector, llvm::function_ref<Value(Value, Value)> combine) {
  int64_t width = cast<VectorType>(vector.getType()).getDimSize(0);
  for (; width > 1; width /= 2) {
    SmallVector<int64_t> low, high;
    for (int64_t i = 0; i < width / 2; ++i) low.push_back(i), high.push_back(width / 2 + i);
    Value a = vector::ShuffleOp::create(on.builder, on.loc, vector, vector, low);
    Value b = vector::ShuffleOp::create(on.builder, on.loc, vector, vector, high);
    vector = combine(a, b);
  }
  return vector::ExtractOp::create(on.builder, on.loc, vector, ArrayRef<int64_t>{0});
}

Value KernelContext::sumLanes(Value vector) {
  return foldLanes(*this, vector, [&](Value a, Value b) { return addF(a, b); });
}

Value KernelContext::maxLanes(Value vector) {
  return foldLanes(*this, vector, [&](Value a, Value b) { return maxF(a, b); });
}

//===------------------------------------------------------------------------------------------------------===//
// Memory
//===------------------------------------------------------------------------------------------------------===//

Value KernelContext::offset(Value pointer, Value bytes) {
  return LLVM::GEPOp::create(builder, loc, pointer.getType(), builder.getI8Type(), pointer,
                             ArrayRef<LLVM::GEPArg>{bytes});
}

Value KernelContext::load(Type type, Value pointer, unsigned alignment) {
  return LLVM::LoadOp::create(builder, loc, type, pointer, alignment);
}

void KernelContext::store(Value value, Value pointer, unsigned alignment) {
  LLVM::StoreOp::create(builder, loc, value, pointer, alignment);
}

Value KernelContext::loadI32(Value pointer, Value index) {
  Value value = load(builder.getI32Type(), offset(pointer, mul(index, 4)), 4);
  return arith::ExtSIOp::create(builder, loc, builder.getI64Type(), value);
}

static int64_t bytesOf(Type type) { return type.getIntOrFloatBitWidth() / 8; }

Value KernelContext::loadFloats(Value pointer, Type stored, Value column, int64_t width, unsigned alignment) {
  Value from = offset(pointer, mul(column, bytesOf(stored)));
  return widen(load(VectorType::get(width, stored), from, alignment ? alignment : unsigned(bytesOf(stored))));
}

void KernelContext::storeFloats(Value vector, Value pointer, Type stored, Value column) {
  store(narrow(vector, stored), offset(pointer, mul(column, bytesOf(stored))), unsigned(bytesOf(stored)));
}

static Type withElement(Type like, Type element) {
  if (auto vector = dyn_cast<VectorType>(like)) return vector.clone(element);
  return element;
}

Value KernelContext::widen(Value stored) {
  if (getElementTypeOrSelf(stored.getType()).isF32()) return stored;
  return arith::ExtFOp::create(builder, loc, withElement(stored.getType(), builder.getF32Type()), stored);
}

Value KernelContext::narrow(Value wide, Type stored) {
  if (stored.isF32()) return wide;
  return arith::TruncFOp::create(builder, loc, withElement(wide.getType(), stored), wide);
}

//===------------------------------------------------------------------------------------------------------===//
// Control flow
//===------------------------------------------------------------------------------------------------------===//

void KernelContext::forRange(Value lower, Value upper, int64_t step, Body body) {
  forRange(lower, upper, step, ValueRange(), [&](Value i, ValueRange) {
    body(i);
    return SmallVector<Value>();
  });
}

SmallVector<Value> KernelContext::forRange(Value lower, Value upper, int64_t step, ValueRange initial,
                                           LoopBody body) {
  auto loop =
      scf::ForOp::create(builder, loc, lower, upper, i64(step), initial,
                         [&](OpBuilder &inner, Location, Value i, ValueRange carried) {
                           OpBuilder::InsertionGuard guard(builder);
                           builder.setInsertionPoint(inner.getInsertionBlock(), inner.getInsertionPoint());
                           scf::YieldOp::create(builder, loc, body(i, carried));
                         });
  return SmallVector<Value>(loop.getResults());
}

void KernelContext::ifThen(Value condition, llvm::function_ref<void()> body) {
  scf::IfOp::create(builder, loc, condition, [&](OpBuilder &inner, Location) {
    OpBuilder::InsertionGuard guard(builder);
    builder.setInsertionPoint(inner.getInsertionBlock(), inner.getInsertionPoint());
    body();
    scf::YieldOp::create(builder, loc);
  });
}

//===------------------------------------------------------------------------------------------------------===//
// Combining
//===------------------------------------------------------------------------------------------------------===//

Value KernelContext::combine(Fold fold, Value next, Value soFar) {
  switch (fold) {
  case Fold::Sum:
    return addF(soFar, next);
  case Fold::Max:
    return maxF(next, soFar);
  case Fold::SumOfCodes:
    return add(soFar, next);
  }
  llvm_unreachable("all folds are handled");
}

Value KernelContext::combineLanes(Fold fold, Value vector) {
  switch (fold) {
  case Fold::Sum:
    return sumLanes(vector);
  case Fold::Max:
    return maxLanes(vector);
  case Fold::SumOfCodes:
    return vector::ReductionOp::create(builder, loc, vector::CombiningKind::ADD, vector);
  }
  llvm_unreachable("all folds are handled");
}

Value KernelContext::neutral(Fold fold, int64_t width) {
  if (fold != Fold::SumOfCodes) return splat(0.0, width); // Max is of magnitudes
  auto type = VectorType::get(width, builder.getI32Type());
  return arith::ConstantOp::create(builder, loc, builder.getZeroAttr(type));
}

Value KernelContext::foldAlone(Fold fold, int64_t columns, ColumnsValue body) {
  int64_t step = columnStep(), whole = columns / step * step;
  Value total;
  if (whole == step) {
    total = combineLanes(fold, body(i64(0), step));
  } else if (whole) {
    auto carried = forRange(i64(0), i64(whole), step, neutral(fold, step), [&](Value column, ValueRange soFar) {
      return SmallVector<Value>{combine(fold, body(column, step), soFar[0])};
    });
    total = combineLanes(fold, carried[0]);
  }
  for (int64_t column = whole; column < columns;) {
    while (step > columns - column) step /= 2;
    Value rest = combineLanes(fold, body(i64(column), step));
    total = total ? combine(fold, rest, total) : rest;
    column += step;
  }
  return total;
}

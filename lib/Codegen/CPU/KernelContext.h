// The function of one kernel while it is being emitted: its arguments by name, addresses of rows, loads and
// stores that widen and round, loops. All integers are i64, all pointers !llvm.ptr, all arithmetic on floats
// is f32.
#pragma once

#include "Artifact/KernelABI.h"
#include "Codegen/CPU/CpuVariant.h"
#include "Codegen/CPU/KernelEmitter.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/IR/Builders.h"
#include "llvm/ADT/DenseMap.h"
#include "llvm/ADT/STLFunctionalExtras.h"

namespace lathe {

class KernelContext {
public:
  using Value = mlir::Value;
  using Type = mlir::Type;
  using Body = llvm::function_ref<void(Value)>;
  using LoopBody = llvm::function_ref<llvm::SmallVector<Value>(Value, mlir::ValueRange)>;
  using ColumnsBody = llvm::function_ref<void(Value column, int64_t width)>;

  /// Lanes of a step over columns in kernels that are not bound by arithmetic: the same for all variants, so
  /// that sums over a row come in the same order everywhere.
  static constexpr int64_t kColumnStep = 16;

  /// Starts the function's body; `function` takes the arguments of `Kernel` (Artifact/KernelABI.h).
  KernelContext(mlir::OpBuilder &builder, exec::KernelOp kernel, const CpuVariant &variant,
                const KernelClass &kernelClass, mlir::Block *entry);

  mlir::OpBuilder &builder;
  mlir::Location loc;
  const exec::KernelOp kernel;
  const CpuVariant &variant;
  const KernelClass &kernelClass;
  Value batch, bindings, scratch, begin, end; ///< the function's arguments

  //--- The batch, by offsetof (loaded once, at the function's start)
  //---------------------------------------------
  /// A number of the batch as i64: LATHE_BATCH(rows), (outputs), (segments), (blocksPerSlot) ...
  Value batchCount(size_t offset);
  /// An array of the batch: its pointer.
  Value batchArray(size_t offset);
  /// Entry `index` of an i32 array of the batch, as i64.
  Value batchEntry(size_t offset, Value index);
  /// A field of segment `segment` (offsetof in KernelSegment), as i64.
  Value segmentField(Value segment, size_t offset);

  //--- Bindings
  //---------------------------------------------------------------------------------------------------
  /// The pointer bound to an argument of the kernel's block.
  Value argumentPointer(mlir::BlockArgument argument);
  /// The pointer bound to result `index`.
  Value resultPointer(unsigned index);
  exec::SliceType argumentSlice(mlir::BlockArgument argument);
  exec::SliceType resultSlice(unsigned index);
  /// The argument that the kernel binds to a state's symbol.
  mlir::BlockArgument stateArgument(mlir::FlatSymbolRefAttr state);
  /// First byte of row `row` of a slice at `pointer`.
  Value rowPointer(Value pointer, exec::SliceType slice, Value row);
  /// First byte of the 64 positions' entry in a growing state for (slot, position / 64): plane 0, head 0.
  Value statePointer(mlir::BlockArgument state, Value slot, Value block);

  //--- Constants and arithmetic
  //-----------------------------------------------------------------------------------
  Value i64(int64_t value);
  Value f32(double value);
  /// vector<width x f32> of equal lanes; of a scalar f32 value.
  Value splat(double value, int64_t width);
  Value splat(Value scalar, int64_t width);
  Value add(Value a, Value b) { return mlir::arith::AddIOp::create(builder, loc, a, b); }
  Value add(Value a, int64_t b) { return b ? add(a, i64(b)) : a; }
  Value sub(Value a, Value b) { return mlir::arith::SubIOp::create(builder, loc, a, b); }
  Value mul(Value a, Value b) { return mlir::arith::MulIOp::create(builder, loc, a, b); }
  Value mul(Value a, int64_t b) { return b == 1 ? a : mul(a, i64(b)); }
  Value div(Value a, int64_t b) {
    return b == 1 ? a : mlir::arith::DivUIOp::create(builder, loc, a, i64(b)).getResult();
  }
  Value div(Value a, Value b) { return mlir::arith::DivUIOp::create(builder, loc, a, b); }
  Value rem(Value a, int64_t b) { return mlir::arith::RemUIOp::create(builder, loc, a, i64(b)); }
  Value rem(Value a, Value b) { return mlir::arith::RemUIOp::create(builder, loc, a, b); }
  Value min(Value a, Value b) { return mlir::arith::MinSIOp::create(builder, loc, a, b); }
  Value max(Value a, Value b) { return mlir::arith::MaxSIOp::create(builder, loc, a, b); }
  Value less(Value a, Value b);
  Value addF(Value a, Value b) { return mlir::arith::AddFOp::create(builder, loc, a, b); }
  Value subF(Value a, Value b) { return mlir::arith::SubFOp::create(builder, loc, a, b); }
  Value mulF(Value a, Value b) { return mlir::arith::MulFOp::create(builder, loc, a, b); }
  Value divF(Value a, Value b) { return mlir::arith::DivFOp::create(builder, loc, a, b); }
  /// For numbers that are not NaN (maxnum would cost a comparison more).
  Value maxF(Value a, Value b);
  /// a * b + c, rounded once.
  Value fma(Value a, Value b, Value c);
  Value select(Value condition, Value a, Value b) {
    return mlir::arith::SelectOp::create(builder, loc, condition, a, b);
  }
  /// Sum and maximum of the lanes, pairwise: the same order for every variant.
  Value sumLanes(Value vector);
  Value maxLanes(Value vector);

  //--- Memory
  //-----------------------------------------------------------------------------------------------------
  mlir::LLVM::LLVMPointerType pointerType() const;
  Value offset(Value pointer, Value bytes);
  Value offset(Value pointer, int64_t bytes) { return bytes ? offset(pointer, i64(bytes)) : pointer; }
  /// A value of any LLVM-compatible type at any alignment.
  Value load(Type type, Value pointer, unsigned alignment = 1);
  void store(Value value, Value pointer, unsigned alignment = 1);
  /// The i32 at pointer[index], as i64.
  Value loadI32(Value pointer, Value index);
  /// Brings a cache line near (locality 3 = all levels, 0 = read once).
  void prefetch(Value pointer, unsigned locality);
  /// `width` stored floats from element `column` on, as vector<width x f32>.
  Value loadFloats(Value pointer, Type stored, Value column, int64_t width);
  /// The opposite, rounding to nearest even.
  void storeFloats(Value vector, Value pointer, Type stored, Value column);
  /// Between an f32 vector (or scalar) and its stored form.
  Value widen(Value stored);
  Value narrow(Value wide, Type stored);

  //--- Control flow
  //-----------------------------------------------------------------------------------------------
  void forRange(Value lower, Value upper, int64_t step, Body body);
  /// With values carried from one turn to the next.
  llvm::SmallVector<Value> forRange(Value lower, Value upper, int64_t step, mlir::ValueRange initial,
                                    LoopBody body);
  void ifThen(Value condition, llvm::function_ref<void()> body);
  /// The body for every work item in [begin, end).
  void forItems(Body body) { forRange(begin, end, 1, body); }
  /// All `columns` columns: a loop in steps of `step` lanes, the rest in halves of it, down to one lane. So
  /// no load or store is masked, whatever the number of columns.
  void forColumns(int64_t columns, ColumnsBody body, int64_t step = kColumnStep);
  /// A sum of vectors over all columns, as an f32 scalar.
  Value sumColumns(int64_t columns, llvm::function_ref<Value(Value column, int64_t width)> body,
                   int64_t step = kColumnStep);

  /// Runs `emit` at the function's start, once for the whole function.
  Value atStart(llvm::function_ref<Value()> emit);

private:
  mlir::Operation *start_; // what atStart emits before
  llvm::DenseMap<size_t, Value> batchFields_;
  llvm::DenseMap<unsigned, Value> pointers_;
  Value bindingPointer(unsigned index);
};

} // namespace lathe

/// offsetof a field of KernelBatch or KernelSegment.
#define LATHE_BATCH(field) offsetof(::lathe::KernelBatch, field)
#define LATHE_SEGMENT(field) offsetof(::lathe::KernelSegment, field)

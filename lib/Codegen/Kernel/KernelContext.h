// The function of one kernel while it is being emitted: its arguments by name, addresses of rows, loads and
// stores that widen and round, loops. All integers are i64, all pointers !llvm.ptr, all arithmetic on floats
// is f32.
//
// A work item is computed by a team: one thread of a CPU, or the threads of a GPU's work group. What is the
// team's is marked so below; everything else is done by whoever meets it, so that on a GPU every thread of the
// team does. A team's loops must be met by all of its threads.
#pragma once

#include "Artifact/KernelABI.h"
#include "Codegen/Kernel/KernelEmitter.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/IR/Builders.h"
#include "llvm/ADT/DenseMap.h"
#include "llvm/ADT/STLFunctionalExtras.h"

namespace lathe {

/// How the values of columns become one. Sum and Max are of f32, SumOfCodes of i32.
enum class Fold { Sum, Max, SumOfCodes };

class KernelContext {
public:
  using Value = mlir::Value;
  using Type = mlir::Type;
  using Body = llvm::function_ref<void(Value)>;
  using LoopBody = llvm::function_ref<llvm::SmallVector<Value>(Value, mlir::ValueRange)>;
  using ColumnsBody = llvm::function_ref<void(Value column, int64_t width)>;
  using ColumnsValue = llvm::function_ref<Value(Value column, int64_t width)>;

  virtual ~KernelContext() = default;

  mlir::OpBuilder &builder;
  mlir::Location loc;
  const exec::KernelOp kernel;
  const KernelClass &kernelClass;
  Value batch;   ///< address of the KernelBatch
  Value scratch; ///< address of the team's scratch

  //--- The target
  //-----------------------------------------------------------------------------------------------------
  /// Lanes of a step over columns in kernels that are not bound by arithmetic. A power of two.
  virtual int64_t columnStep() const = 0;
  /// Neighbouring rows of a panel that are decoded together.
  virtual int64_t panelLanes() const = 0;
  /// Entries of a table that `permute` takes at once; 0 where the target has no such instruction.
  virtual int64_t permutedEntries() const = 0;
  /// entries[index mod permutedEntries()], lane by lane.
  virtual Value permute(llvm::ArrayRef<float> entries, Value indices) = 0;
  /// table[index] for indices (vector<n x i32>) within the table.
  virtual Value lookUp(llvm::ArrayRef<float> table, Value indices) = 0;
  /// The type of an address.
  virtual mlir::LLVM::LLVMPointerType pointerType() const = 0;

  //--- The batch, by offsetof (loaded once, at the function's start)
  //---------------------------------------------
  /// A number of the batch as i64: LATHE_BATCH(rows), (outputs), (segments), (blocksPerSlot) ...
  Value batchCount(size_t offset);
  /// Rows of the kernel's domain.
  Value domainRows();
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
  Value i32(int64_t value);
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
  Value less(Value a, Value b) { return compare(mlir::arith::CmpIPredicate::slt, a, b); }
  Value equals(Value a, Value b) { return compare(mlir::arith::CmpIPredicate::eq, a, b); }
  Value compare(mlir::arith::CmpIPredicate predicate, Value a, Value b) {
    return mlir::arith::CmpIOp::create(builder, loc, predicate, a, b);
  }
  Value andI(Value a, Value b) { return mlir::arith::AndIOp::create(builder, loc, a, b); }
  Value orI(Value a, Value b) { return mlir::arith::OrIOp::create(builder, loc, a, b); }
  Value addF(Value a, Value b) { return mlir::arith::AddFOp::create(builder, loc, a, b); }
  Value subF(Value a, Value b) { return mlir::arith::SubFOp::create(builder, loc, a, b); }
  Value mulF(Value a, Value b) { return mlir::arith::MulFOp::create(builder, loc, a, b); }
  Value divF(Value a, Value b) { return mlir::arith::DivFOp::create(builder, loc, a, b); }
  /// Whether a > b, and neither is NaN.
  Value greaterF(Value a, Value b);
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
  Value offset(Value pointer, Value bytes);
  Value offset(Value pointer, int64_t bytes) { return bytes ? offset(pointer, i64(bytes)) : pointer; }
  /// A value of any LLVM-compatible type at any alignment.
  Value load(Type type, Value pointer, unsigned alignment = 1);
  void store(Value value, Value pointer, unsigned alignment = 1);
  /// The i32 at pointer[index], as i64.
  Value loadI32(Value pointer, Value index);
  /// `width` stored floats from element `column` on, as vector<width x f32>. `alignment` of the first one: an
  /// element's where it is 0.
  Value loadFloats(Value pointer, Type stored, Value column, int64_t width, unsigned alignment = 0);
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

  //--- The team
  //-------------------------------------------------------------------------------------------------------
  /// The body for every work item that the team takes.
  virtual void forItems(Body body) = 0;
  /// All `columns` columns, shared out: steps of `step` lanes, the rest in halves of it, down to one lane. So
  /// no load or store is masked, whatever the number of columns.
  virtual void forColumns(int64_t columns, ColumnsBody body, int64_t step) = 0;
  void forColumns(int64_t columns, ColumnsBody body) { forColumns(columns, body, columnStep()); }
  /// The same for each of `blocks` runs of columns; the body gets the run's number first.
  virtual void forBlocks(int64_t blocks, int64_t columns,
                         llvm::function_ref<void(Value block, Value column, int64_t width)> body) = 0;
  /// Independent pieces of work, 0 <= index < count, each done by one thread.
  virtual void forEach(int64_t count, Body body) = 0;
  /// Piece number `index` of work that is laid out in the code, done by one thread.
  virtual void onThread(int64_t index, llvm::function_ref<void()> body) = 0;
  /// What any thread of the team wrote before is seen by all of them behind.
  virtual void barrier() = 0;
  /// All columns combined into one scalar, which every thread gets; a barrier as well.
  virtual Value foldColumns(Fold fold, int64_t columns, ColumnsValue body) = 0;
  Value sumColumns(int64_t columns, ColumnsValue body) { return foldColumns(Fold::Sum, columns, body); }
  /// The same by one thread alone.
  Value foldAlone(Fold fold, int64_t columns, ColumnsValue body);

  //--- Combining
  //------------------------------------------------------------------------------------------------------
  Value combine(Fold fold, Value next, Value soFar);
  Value combineLanes(Fold fold, Value vector);
  /// vector<width x element> that changes nothing.
  Value neutral(Fold fold, int64_t width);

  /// Runs `emit` at the function's start, once for the whole function.
  Value atStart(llvm::function_ref<Value()> emit);

protected:
  /// The builder stands where the function's body begins; the subclass sets `batch` and `scratch`.
  KernelContext(mlir::OpBuilder &builder, exec::KernelOp kernel, const KernelClass &kernelClass);
  /// The address bound to operand `index`, at the function's start.
  virtual Value loadBinding(unsigned index) = 0;

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

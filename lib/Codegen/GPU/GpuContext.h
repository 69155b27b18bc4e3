// A kernel's function on a GPU: a work group computes one work item (see "On a GPU" in Artifact/KernelABI.h).
#pragma once

#include "Codegen/GPU/GpuVariant.h"
#include "Codegen/Kernel/KernelContext.h"

#include "mlir/Dialect/GPU/IR/GPUDialect.h"

namespace lathe {

class GpuContext final : public KernelContext {
public:
  /// Starts the body of `function`, whose arguments are addresses: the batch, the bindings, and scratch where
  /// the class has some. In a join `scratch` is where that of the first function's item 0 begins.
  GpuContext(mlir::OpBuilder &builder, exec::KernelOp kernel, const GpuVariant &variant, const KernelFunction &part,
             mlir::gpu::GPUFuncOp function);
  /// Families of kernels in this folder are emitted with no other context.
  static GpuContext &of(KernelContext &context) { return static_cast<GpuContext &>(context); }

  const GpuVariant &variant;
  Value thread; ///< i64, of this thread in its work group
  int64_t threads() const { return part.threads(); }

  /// `count` elements of work-group memory: a scalar or a short vector type each. `alignment`: of the first, where a
  /// target needs more than all have.
  static constexpr int64_t kSharedAlignment = 16;
  Value shared(Type element, int64_t count, int64_t alignment = kSharedAlignment);
  Value loadShared(Value memory, Value index);
  void storeShared(Value value, Value memory, Value index);

  /// What an address is known to be aligned by, up to 64.
  int64_t knownAlignment(Value address) const;

  /// CUDA: lets a thread have as many registers as `count` work groups leave it on a multiprocessor. Left to itself the
  /// assembler spills a few to fit one group more.
  void expectGroups(int64_t count);

  /// A scalar of every thread combined into one, which every thread gets; a barrier as well.
  Value foldThreads(Fold fold, Value scalar);
  /// Value of one branch or the other.
  Value ifElse(Value condition, llvm::function_ref<Value()> then, llvm::function_ref<Value()> otherwise);
  /// sums + the four products of the bytes of each lane of `codes` (vector<n x i32>, unsigned, of `codeBits`
  /// bits) and those of the scalar `x` (signed): vector<n x i32>.
  Value dot4(Value codes, int64_t codeBits, Value x, Value sums);

  int64_t columnStep() const override { return 4; }
  int64_t panelLanes() const override { return 4; }
  int64_t permutedEntries() const override { return 0; }
  Value permute(llvm::ArrayRef<float> entries, Value indices) override;
  Value lookUp(llvm::ArrayRef<float> table, Value indices) override;
  mlir::LLVM::LLVMPointerType pointerType() const override;

  using KernelContext::forColumns;
  void forItems(Body body) override;
  void forColumns(int64_t columns, ColumnsBody body, int64_t step) override;
  void forBlocks(int64_t blocks, int64_t columns,
                 llvm::function_ref<void(Value, Value, int64_t)> body) override;
  void forEach(int64_t count, Body body) override;
  void onThread(int64_t index, llvm::function_ref<void()> body) override;
  void barrier() override;
  Value foldColumns(Fold fold, int64_t columns, ColumnsValue body) override;

private:
  Value loadBinding(unsigned index) override;
  Value foldSubgroup(Fold fold, Value scalar);
  Value dotWord(Value code, int64_t codeBits, Value x, Value sum);
  Value asIndex(Value value);
  Value asI64(Value index);

  const KernelFunction part;
  mlir::gpu::GPUFuncOp function;
  Value partials_; ///< work-group memory of foldThreads
};

} // namespace lathe

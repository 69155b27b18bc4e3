// A kernel's function on a CPU: one thread computes a run of work items, in vectors of its instruction set.
#pragma once

#include "Codegen/CPU/CpuVariant.h"
#include "Codegen/Kernel/KernelContext.h"

namespace lathe {

class CpuContext final : public KernelContext {
public:
  /// The same for all variants, so that sums over a row come in the same order everywhere.
  static constexpr int64_t kColumnStep = 16;

  /// Starts the function's body in `entry`, whose arguments are those of `Kernel` (Artifact/KernelABI.h).
  CpuContext(mlir::OpBuilder &builder, exec::KernelOp kernel, const CpuVariant &variant,
             const KernelClass &kernelClass, mlir::Block *entry);
  /// Families of kernels in this folder are emitted with no other context.
  static CpuContext &of(KernelContext &context) { return static_cast<CpuContext &>(context); }

  const CpuVariant &variant;
  Value bindings, begin, end; ///< the function's arguments

  /// Brings a cache line near (locality 3 = all levels, 0 = read once).
  void prefetch(Value pointer, unsigned locality);

  int64_t columnStep() const override { return kColumnStep; }
  int64_t panelLanes() const override { return variant.f32Lanes(); }
  int64_t permutedEntries() const override { return variant.f32Lanes(); }
  Value permute(llvm::ArrayRef<float> entries, Value indices) override;
  Value lookUp(llvm::ArrayRef<float> table, Value indices) override;
  mlir::LLVM::LLVMPointerType pointerType() const override;

  using KernelContext::forColumns;
  void forItems(Body body) override;
  void forColumns(int64_t columns, ColumnsBody body, int64_t step) override;
  void forBlocks(int64_t blocks, int64_t columns,
                 llvm::function_ref<void(Value, Value, int64_t)> body) override;
  void forEach(int64_t count, Body body) override;
  void onThread(int64_t, llvm::function_ref<void()> body) override { body(); }
  void barrier() override {}
  Value foldColumns(Fold fold, int64_t columns, ColumnsValue body) override {
    return foldAlone(fold, columns, body);
  }

private:
  Value loadBinding(unsigned index) override;
};

} // namespace lathe

// Kernels as CUDA code does them, without a GPU: the LLVM IR that PTX is printed from, compiled for this
// machine. Each thread of a group is a fiber; barriers, shuffles and byte products are played by functions,
// and a MemoryWatch looks for races. What the back end and ptxas do with the IR is not tested by that.
#pragma once

#include "Artifact/KernelABI.h"
#include "Codegen/GPU/GpuVariant.h"
#include "Codegen/Kernel/KernelEmitter.h"

#include <deque>
#include <memory>

namespace llvm::orc {
class LLJIT;
}

namespace lathe::test {

struct WarpgroupProduct;

class CudaEmulator {
public:
  /// Test failure where a kernel does not compile.
  CudaEmulator(exec::ProgramOp program, const GpuVariant &variant);
  ~CudaEmulator();

  llvm::ArrayRef<PlannedKernel> kernels() const { return kernels_; }
  /// How many addresses the function "k<number>" takes; 0 where there is none.
  size_t addresses(llvm::StringRef function) const;
  /// Every thread of groupsX x groupsY groups. Test failure where threads wait for each other at different
  /// places.
  void launch(llvm::StringRef function, unsigned groupsX, unsigned groupsY, unsigned threads,
              llvm::ArrayRef<void *> addresses) const;
  /// Runs a kernel's class, and its join, in grids of two dimensions that are larger than need be, with
  /// scratch full of NaNs.
  void run(const PlannedKernel &kernel, size_t index, const KernelBatch &batch,
           llvm::ArrayRef<void *> bindings) const;

private:
  llvm::Error add(exec::KernelOp kernel, const PlannedKernel &planned, const KernelFunction &part,
                  const GpuVariant &variant);

  std::vector<PlannedKernel> kernels_;
  std::deque<std::vector<WarpgroupProduct>> products_; ///< of assembly in the kernels
  std::unique_ptr<llvm::orc::LLJIT> jit_;
};

} // namespace lathe::test

// Kernels of a program on a Vulkan device that runs on the CPU: its addresses are those of the host, so that
// tests bind what they bind to CPU kernels.
#pragma once

#include "KernelHarness.h"

#include "Runtime/Vulkan/Commands.h"

namespace lathe::test {

class VulkanKernels {
public:
  /// Whether there is such a device. Where there is none, the test that asks goes on without and is reported
  /// as skipped.
  static bool runOrSkip();
  /// The variants that it has the features for.
  static std::vector<llvm::StringRef> runnableVariants();

  /// Of the first variant. Test failure where a module is refused.
  explicit VulkanKernels(ProgramCode code);
  ~VulkanKernels();
  VulkanKernels(const VulkanKernels &) = delete;

  const ProgramCode &code() const { return code_; }
  /// Runs a kernel's class, and its join, in grids of two dimensions that are larger than need be, with
  /// scratch full of NaNs.
  void run(const PlannedKernel &kernel, size_t index, const KernelBatch &batch,
           llvm::ArrayRef<void *> bindings) const;

private:
  ProgramCode code_;
  VkPipelineLayout layout_ = VK_NULL_HANDLE;
  std::vector<VkPipeline> pipelines_; ///< by the number in VariantCode::entries
};

} // namespace lathe::test

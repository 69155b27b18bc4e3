// The tables of a call, in device memory.
#pragma once

#include "Runtime/Gpu/BatchLayout.h"
#include "Runtime/MemoryPlan.h"
#include "Runtime/Vulkan/Commands.h"

namespace lathe::vulkan {

/// The host fills an upload buffer, recorded commands copy it. The address never changes, so launches hold
/// it.
class BatchBuffer {
public:
  static Result<BatchBuffer> create(Device &device, const fb::Program &program, const MemoryPlan &plan);

  /// What kernels take as `batch`.
  VkDeviceAddress address() const { return device_.address(); }

  /// Writes what `batch` has of each array, laid out as `layout`. No copy of the one before may be pending.
  Status fill(const KernelBatch &batch, const gpu::BatchLayout &layout);
  /// Commands to run before others, which then count as run: those that copy the block tables, where they
  /// differ from what was copied (they change once in 64 positions), and the draws, as far as they go.
  std::span<const VkCommandBuffer> takeCopies();
  void recordCopy(Commands &commands, const gpu::BatchLayout &layout) const {
    commands.copy(upload_, 0, device_, 0, layout.bytes);
  }

private:
  Status recordTables();
  void fillTables(const KernelBatch &batch);

  Buffer device_, upload_;
  Buffer tables_, tableUpload_; ///< [slots][blocks of a slot]
  Buffer draws_, drawUpload_;   ///< of a call that finds candidates, and their sets of tokens
  Commands tableCommands_, drawCommands_;
  VkCommandBuffer copies_[2];
  std::vector<int32_t> copied_; ///< the host's own copy: upload memory is slow to read
  bool tablesChanged_ = false, hasDraws_ = false;
};

} // namespace lathe::vulkan

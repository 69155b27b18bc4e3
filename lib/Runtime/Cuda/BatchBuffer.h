// The tables of a call, in device memory.
#pragma once

#include "Runtime/Cuda/Buffer.h"
#include "Runtime/Gpu/BatchLayout.h"
#include "Runtime/MemoryPlan.h"

namespace lathe::cuda {

/// The host fills pinned memory, a graph's first node copies it. The address never changes, so launches hold
/// it.
class BatchBuffer {
public:
  static Result<BatchBuffer> create(Device &device, const fb::Program &program, const MemoryPlan &plan);

  /// What kernels take as `batch`.
  CUdeviceptr address() const { return device_.address(); }
  /// Writes what `batch` has of each array, laid out as `layout`, and queues a copy of the block tables where
  /// they differ from the last: they change once in 64 positions. Draws are copied as far as they go. Nothing
  /// may be under way.
  Status fill(Device &device, const KernelBatch &batch, const gpu::BatchLayout &layout);
  /// Queues the copy of what was filled.
  Status copy(Device &device, const gpu::BatchLayout &layout) const;

private:
  Buffer device_, tables_; ///< tables: [slots][blocks of a slot]
  Buffer draws_;           ///< of a call that finds candidates, and their sets of tokens
  HostBuffer upload_, tableUpload_, drawUpload_;
};

} // namespace lathe::cuda

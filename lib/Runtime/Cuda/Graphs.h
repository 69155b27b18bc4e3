// Calls as graphs, captured once per bucket of counts.
#pragma once

#include "Runtime/Cuda/BatchBuffer.h"
#include "Runtime/Cuda/Kernels.h"
#include "Runtime/Gpu/Recordings.h"

namespace lathe::cuda {

using Recording = gpu::Recording<GraphExec>;

/// Keeps the graphs that were used last. One graph is a call of few rows: the copy of its tables, its
/// launches, and the copy of its result.
class Graphs {
public:
  /// All must outlive it.
  Graphs(Device &device, const Kernels &kernels, const BatchBuffer &batch, const Buffer &arena,
         const HostBuffer &readback)
      : device_(device), kernels_(kernels), batch_(batch), arena_(arena), readback_(readback) {}

  /// The one for `entry`, number `number`, at `bucket`; captured where there is none. Nothing may be under
  /// way.
  Result<const Recording *> get(uint32_t number, const gpu::RecordedEntry &entry, const BatchCounts &bucket);

private:
  Status capture(const gpu::RecordedEntry &entry, Recording &recording);
  Status record(const gpu::RecordedEntry &entry, Recording &recording);
  Status launch(const gpu::LaunchShape &shape);
  Status begin();
  Status end(Recording &recording);

  Device &device_;
  const Kernels &kernels_;
  const BatchBuffer &batch_;
  const Buffer &arena_;
  const HostBuffer &readback_;
  bool capturing_ = false;
  gpu::RecordingCache<GraphExec> recordings_;
};

} // namespace lathe::cuda

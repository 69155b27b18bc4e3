// Calls as command buffers, recorded once per bucket of counts.
#pragma once

#include "Runtime/Gpu/Recordings.h"
#include "Runtime/Vulkan/BatchBuffer.h"
#include "Runtime/Vulkan/Pipelines.h"

namespace lathe::vulkan {

using Recording = gpu::Recording<Commands>;

/// Keeps the recordings that were used last.
class Recordings {
public:
  /// All must outlive it.
  Recordings(Device &device, const Pipelines &pipelines, const BatchBuffer &batch, const Buffer &arena,
             const Buffer &readback)
      : device_(device), pipelines_(pipelines), batch_(batch), arena_(arena), readback_(readback) {}

  /// The one for `entry`, number `number`, at `bucket`; recorded where there is none. No work may be pending.
  Result<const Recording *> get(uint32_t number, const gpu::RecordedEntry &entry, const BatchCounts &bucket);
  size_t size() const { return recordings_.size(); }

private:
  Status record(const gpu::RecordedEntry &entry, Recording &recording);
  Status recordLaunches(const gpu::RecordedEntry &entry, Recording &recording);
  Status nextPiece(Recording &recording);

  Device &device_;
  const Pipelines &pipelines_;
  const BatchBuffer &batch_;
  const Buffer &arena_, &readback_;
  gpu::RecordingCache<Commands> recordings_;
};

} // namespace lathe::vulkan

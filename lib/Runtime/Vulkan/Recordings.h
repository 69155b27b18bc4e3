// Calls as command buffers, recorded once per bucket of counts.
#pragma once

#include "Runtime/Gpu/Buckets.h"
#include "Runtime/Gpu/Launches.h"
#include "Runtime/Vulkan/BatchBuffer.h"
#include "Runtime/Vulkan/Pipelines.h"

namespace lathe::vulkan {

/// An entry's launches for one bucket. A long call is cut into several command buffers, between which it can
/// be stopped, and none of which runs so long that a display's watchdog bites.
struct Recording {
  uint32_t entry = 0;
  BatchCounts bucket;
  gpu::BatchLayout layout;
  std::vector<Commands> pieces;
  uint64_t lastUse = 0;
};

/// Where a call's commands take their tables from and leave their result.
struct RecordedEntry {
  gpu::LaunchList launches;
  fb::RowDomain domain;
  uint64_t resultOffset;    ///< in the arena
  uint64_t columns, stride; ///< in elements
  /// Bytes from the first row's first element to the end of the last of `rows` rows.
  uint64_t resultBytes(uint64_t rows) const {
    return rows ? ((rows - 1) * stride + columns) * sizeof(float) : 0;
  }
};

/// Keeps the recordings that were used last.
class Recordings {
public:
  static constexpr size_t kMost = 64;

  /// All must outlive it.
  Recordings(Device &device, const Pipelines &pipelines, const BatchBuffer &batch, const Buffer &arena,
             const Buffer &readback)
      : device_(device), pipelines_(pipelines), batch_(batch), arena_(arena), readback_(readback) {}

  /// The one for `entry`, number `number`, at `bucket`; recorded where there is none. No work may be pending.
  Result<const Recording *> get(uint32_t number, const RecordedEntry &entry, const BatchCounts &bucket);
  size_t size() const { return recordings_.size(); }

private:
  Status record(const RecordedEntry &entry, Recording &recording);
  Status recordLaunches(const RecordedEntry &entry, Recording &recording);
  Status nextPiece(Recording &recording);

  Device &device_;
  const Pipelines &pipelines_;
  const BatchBuffer &batch_;
  const Buffer &arena_, &readback_;
  std::vector<std::unique_ptr<Recording>> recordings_;
  uint64_t uses_ = 0;
};

} // namespace lathe::vulkan

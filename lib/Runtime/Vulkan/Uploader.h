// Bytes of the host into device memory.
#pragma once

#include "Runtime/Vulkan/Commands.h"

namespace lathe::vulkan {

/// Where the host sees the device's memory, it writes there. Elsewhere, or with LATHE_VULKAN_STAGING=1 in the
/// environment, bytes go through two staging buffers: one is filled while the other is copied.
class Uploader {
public:
  /// Writes are of at most `pieceBytes`.
  static Result<Uploader> create(Device &device, uint64_t pieceBytes);
  Status write(const Buffer &to, uint64_t offset, std::span<const std::byte> bytes);
  /// All of it has arrived.
  Status finish();

private:
  struct Stage {
    Buffer buffer;
    Task task;
  };
  Uploader(Device &device, uint64_t pieceBytes) : device_(&device), pieceBytes_(pieceBytes) {}
  Result<Stage> makeStage();

  Device *device_;
  uint64_t pieceBytes_;
  std::vector<Stage> stages_; ///< two, made when first needed
  size_t next_ = 0;
  bool alwaysStage_ = false;
};

} // namespace lathe::vulkan

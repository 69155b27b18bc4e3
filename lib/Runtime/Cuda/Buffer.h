// Memory of a device, and of the host where a device reads and writes it.
#pragma once

#include "Runtime/Cuda/Device.h"

namespace lathe::cuda {

/// Device memory; it starts at a multiple of 256.
class Buffer {
public:
  Buffer() = default;
  /// Not zeroed. `what` goes into the message: fails with OutOfMemory where the device has no `bytes` left.
  /// Zero bytes give an empty buffer.
  static Result<Buffer> create(Device &device, uint64_t bytes, const char *what);
  CUdeviceptr address() const { return memory_.get(); }
  uint64_t bytes() const { return bytes_; }

private:
  Handle<CUdeviceptr, &Api::MemFree> memory_;
  uint64_t bytes_ = 0;
};

/// Host memory that stays where it is: copies from and to it run beside the host's own work.
class HostBuffer {
public:
  HostBuffer() = default;
  static Result<HostBuffer> create(Device &device, uint64_t bytes, const char *what);
  std::byte *data() const { return static_cast<std::byte *>(memory_.get()); }
  uint64_t bytes() const { return bytes_; }

private:
  Handle<void *, &Api::MemFreeHost> memory_;
  uint64_t bytes_ = 0;
};

} // namespace lathe::cuda

// Memory of a device, with an address.
#pragma once

#include "Runtime/Vulkan/Device.h"

namespace lathe::vulkan {

/// Where every buffer starts: what devices read at once, and more than packed weights ask for.
inline constexpr uint64_t kBufferStart = 256;

/// One allocation with one buffer over all of it. The device outlives it.
class Buffer {
public:
  Buffer() = default;
  /// Not zeroed. `what` goes into the message: fails with OutOfMemory where the device has no `bytes` left,
  /// or gives no piece that large. Zero bytes give an empty buffer.
  static Result<Buffer> create(const Device &device, uint64_t bytes, Placement placement, const char *what);
  Buffer(Buffer &&other) noexcept { swap(other); }
  Buffer &operator=(Buffer &&other) noexcept {
    swap(other);
    return *this;
  }
  ~Buffer();

  /// A multiple of kBufferStart.
  VkDeviceAddress address() const { return address_; }
  uint64_t bytes() const { return bytes_; }
  /// Null where the host does not see it.
  std::byte *data() const { return data_; }

  /// For commands: the byte at `offset` is at `start() + offset` of `handle()`.
  VkBuffer handle() const { return handle_; }
  VkDeviceSize start() const { return start_; }

private:
  Status make(Placement placement);
  void swap(Buffer &other) noexcept;

  const Device *device_ = nullptr;
  VkBuffer handle_ = VK_NULL_HANDLE;
  VkDeviceMemory memory_ = VK_NULL_HANDLE;
  VkDeviceAddress address_ = 0;
  VkDeviceSize start_ = 0;
  uint64_t bytes_ = 0;
  std::byte *data_ = nullptr;
};

/// The most bytes that one buffer of `device` can have.
uint64_t largestBuffer(const Device &device);

} // namespace lathe::vulkan

#include "Runtime/Vulkan/Buffer.h"

#include "Artifact/Format.h"
#include "Runtime/Memory.h"

#include <utility>

namespace lathe::vulkan {

uint64_t largestBuffer(const Device &device) {
  // Room to move the start, and to round the end as drivers do.
  constexpr uint64_t reserve = 64 * 1024;
  uint64_t largest = device.physical().largestBuffer;
  return largest > reserve ? largest - reserve : 0;
}

Result<Buffer> Buffer::create(const Device &device, uint64_t bytes, Placement placement, const char *what) {
  Buffer buffer;
  buffer.device_ = &device;
  buffer.bytes_ = bytes;
  if (bytes == 0) return buffer;
  if (bytes > largestBuffer(device))
    return Status(Code::OutOfMemory, std::string(device.name()) + " gives at most " +
                                         formatBytes(largestBuffer(device)) + " in one piece, the " + what +
                                         " takes " + formatBytes(bytes) +
                                         ": use a smaller context, fewer slots, or another device");
  Status status = buffer.make(placement);
  if (status.code() == Code::OutOfMemory)
    return Status(Code::OutOfMemory, std::string(device.name()) + " has no " + formatBytes(bytes) +
                                         " left for the " + what +
                                         ": use a smaller context, fewer bits a weight, or another device");
  if (!status.ok()) return status.in(what);
  return buffer;
}

Status Buffer::make(Placement placement) {
  const Api &api = device_->api();
  VkDevice device = device_->handle();
  bool addressed = placement == Placement::Device;
  VkBufferCreateInfo info = {VK_STRUCTURE_TYPE_BUFFER_CREATE_INFO};
  info.size = bytes_ + kBufferStart;
  info.usage = VK_BUFFER_USAGE_TRANSFER_SRC_BIT | VK_BUFFER_USAGE_TRANSFER_DST_BIT;
  if (addressed) info.usage |= VK_BUFFER_USAGE_STORAGE_BUFFER_BIT | VK_BUFFER_USAGE_SHADER_DEVICE_ADDRESS_BIT;
  LATHE_VULKAN_TRY(api.CreateBuffer(device, &info, nullptr, &handle_), "making a buffer");
  VkMemoryRequirements needs = {};
  api.GetBufferMemoryRequirements(device, handle_, &needs);
  auto type = device_->memoryType(placement, needs.memoryTypeBits);
  if (!type) return type.status();
  VkMemoryAllocateFlagsInfo flags = {VK_STRUCTURE_TYPE_MEMORY_ALLOCATE_FLAGS_INFO};
  flags.flags = VK_MEMORY_ALLOCATE_DEVICE_ADDRESS_BIT;
  VkMemoryAllocateInfo allocation = {VK_STRUCTURE_TYPE_MEMORY_ALLOCATE_INFO, addressed ? &flags : nullptr};
  allocation.allocationSize = needs.size;
  allocation.memoryTypeIndex = *type;
  LATHE_VULKAN_TRY(api.AllocateMemory(device, &allocation, nullptr, &memory_), "taking memory");
  LATHE_VULKAN_TRY(api.BindBufferMemory(device, handle_, memory_, 0), "binding memory");
  if (addressed) {
    VkBufferDeviceAddressInfo asked = {VK_STRUCTURE_TYPE_BUFFER_DEVICE_ADDRESS_INFO};
    asked.buffer = handle_;
    VkDeviceAddress raw = api.GetBufferDeviceAddress(device, &asked);
    address_ = alignUp(raw, kBufferStart);
    start_ = address_ - raw;
  }
  constexpr VkMemoryPropertyFlags visible =
      VK_MEMORY_PROPERTY_HOST_VISIBLE_BIT | VK_MEMORY_PROPERTY_HOST_COHERENT_BIT;
  if ((device_->memoryFlags(*type) & visible) == visible) {
    void *data = nullptr;
    LATHE_VULKAN_TRY(api.MapMemory(device, memory_, 0, VK_WHOLE_SIZE, 0, &data), "mapping memory");
    data_ = static_cast<std::byte *>(data) + start_;
  }
  return {};
}

Buffer::~Buffer() {
  if (!device_ || device_->hangs()) return;
  if (handle_) device_->api().DestroyBuffer(device_->handle(), handle_, nullptr);
  if (memory_) device_->api().FreeMemory(device_->handle(), memory_, nullptr);
}

void Buffer::swap(Buffer &other) noexcept {
  std::swap(device_, other.device_);
  std::swap(handle_, other.handle_);
  std::swap(memory_, other.memory_);
  std::swap(address_, other.address_);
  std::swap(start_, other.start_);
  std::swap(bytes_, other.bytes_);
  std::swap(data_, other.data_);
}

} // namespace lathe::vulkan

// An opened device: its one queue, and the memory it gives.
#pragma once

#include "Runtime/Vulkan/Instance.h"

#include <span>

namespace lathe::vulkan {

using FeatureNames = flatbuffers::Vector<flatbuffers::Offset<flatbuffers::String>>;

/// What memory is for.
enum class Placement {
  Device,   ///< kernels work in it; the host may see it where that costs nothing (integrated, emulated)
  Upload,   ///< the host writes it once, the device copies it away
  Readback, ///< the device writes it, the host reads it
};

/// One thread at a time. Once the device is lost every call says so.
class Device {
public:
  /// Switches on `features` and nothing else that is optional, but for addresses of buffers.
  static Result<std::unique_ptr<Device>> open(Instance &instance, const PhysicalDevice &physical,
                                              const FeatureNames &features);
  ~Device();
  Device(const Device &) = delete;

  const Api &api() const { return api_; }
  VkDevice handle() const { return handle_; }
  VkCommandPool commandPool() const { return commandPool_; }
  const PhysicalDevice &physical() const { return physical_; }
  const char *name() const { return physical_.properties.deviceName; }

  /// Of the types in `allowed`, the best for `placement`. Fails with Unsupported where none will do.
  Result<uint32_t> memoryType(Placement placement, uint32_t allowed) const;
  VkMemoryPropertyFlags memoryFlags(uint32_t type) const { return memory_.memoryTypes[type].propertyFlags; }

  /// Queues what was recorded, in order. `fence` tells when all of it is done.
  Status submit(std::span<const VkCommandBuffer> commands, VkFence fence);
  /// Until `fence` tells. Fails with DeviceLost where that takes minutes: a device that hangs is lost.
  Status wait(VkFence fence);

  /// Whether work is queued that will not end: nothing that it uses may be given back.
  bool hangs() const { return hangs_; }
  /// Success, unless the device was lost or the validation layer has said something.
  Status check();

private:
  Device(Instance &instance, const PhysicalDevice &physical)
      : instance_(instance), physical_(physical), api_(instance.api()) {}
  Status make(const FeatureNames &features);
  Status lose(const std::string &why);

  Instance &instance_;
  const PhysicalDevice &physical_;
  Api api_;
  VkDevice handle_ = VK_NULL_HANDLE;
  VkQueue queue_ = VK_NULL_HANDLE;
  VkCommandPool commandPool_ = VK_NULL_HANDLE;
  VkPhysicalDeviceMemoryProperties memory_ = {};
  Status lost_;
  bool hangs_ = false;
};

} // namespace lathe::vulkan

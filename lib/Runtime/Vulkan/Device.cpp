#include "Runtime/Vulkan/Device.h"

#include <bit>

namespace lathe::vulkan {

/// A fence is looked at this often, and a submission that takes kPatience of these has hung.
static constexpr uint64_t kSliceNanoseconds = 100'000'000;
static constexpr int kPatience = 10 * 60 * 5;

Result<std::unique_ptr<Device>> Device::open(Instance &instance, const PhysicalDevice &physical,
                                             const FeatureNames &features) {
  std::unique_ptr<Device> device(new Device(instance, physical));
  Status status = device->make(features);
  if (!status.ok()) return status.in(device->name());
  return device;
}

Status Device::make(const FeatureNames &features) {
  FeatureChain enabled(physical_.properties.apiVersion);
  enable(enabled, "bufferDeviceAddress");
  for (const flatbuffers::String *name : features) enable(enabled, name->string_view());
  float priority = 1;
  VkDeviceQueueCreateInfo queue = {VK_STRUCTURE_TYPE_DEVICE_QUEUE_CREATE_INFO};
  queue.queueFamilyIndex = physical_.queueFamily;
  queue.queueCount = 1;
  queue.pQueuePriorities = &priority;
  VkDeviceCreateInfo info = {VK_STRUCTURE_TYPE_DEVICE_CREATE_INFO, &enabled.core};
  info.queueCreateInfoCount = 1;
  info.pQueueCreateInfos = &queue;
  LATHE_VULKAN_TRY(api_.CreateDevice(physical_.handle, &info, nullptr, &handle_), "opening the device");
  LATHE_TRY(api_.loadDevice(handle_));
  api_.GetDeviceQueue(handle_, physical_.queueFamily, 0, &queue_);
  VkCommandPoolCreateInfo pool = {VK_STRUCTURE_TYPE_COMMAND_POOL_CREATE_INFO};
  pool.flags = VK_COMMAND_POOL_CREATE_RESET_COMMAND_BUFFER_BIT;
  pool.queueFamilyIndex = physical_.queueFamily;
  LATHE_VULKAN_TRY(api_.CreateCommandPool(handle_, &pool, nullptr, &commandPool_), "making a command pool");
  VkPhysicalDeviceMemoryProperties2 memory = {VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_MEMORY_PROPERTIES_2};
  api_.GetPhysicalDeviceMemoryProperties2(physical_.handle, &memory);
  memory_ = memory.memoryProperties;
  return {};
}

Device::~Device() {
  // A device that hangs would be waited for without end: its objects are left to the end of the process.
  if (!handle_ || hangs_) return;
  if (commandPool_) api_.DestroyCommandPool(handle_, commandPool_, nullptr);
  api_.DestroyDevice(handle_, nullptr);
}

namespace {
/// What memory of a placement must be, and what it had better be or not be.
struct Wish {
  VkMemoryPropertyFlags required, liked, disliked;
};
} // namespace

static Wish wishFor(Placement placement, bool sharesHostMemory) {
  constexpr VkMemoryPropertyFlags device = VK_MEMORY_PROPERTY_DEVICE_LOCAL_BIT,
                                  host = VK_MEMORY_PROPERTY_HOST_VISIBLE_BIT |
                                         VK_MEMORY_PROPERTY_HOST_COHERENT_BIT,
                                  cached = VK_MEMORY_PROPERTY_HOST_CACHED_BIT;
  switch (placement) {
  case Placement::Device:
    // A window into a real device's memory is often small, and slow to write.
    return sharesHostMemory ? Wish{device, host, 0} : Wish{device, 0, host};
  case Placement::Upload:
    return {host, 0, device};
  case Placement::Readback:
    return {host, cached, device};
  }
  return {};
}

Result<uint32_t> Device::memoryType(Placement placement, uint32_t allowed) const {
  // Kinds that take a feature of their own.
  constexpr VkMemoryPropertyFlags special =
      VK_MEMORY_PROPERTY_PROTECTED_BIT | VK_MEMORY_PROPERTY_LAZILY_ALLOCATED_BIT |
      VK_MEMORY_PROPERTY_DEVICE_COHERENT_BIT_AMD | VK_MEMORY_PROPERTY_DEVICE_UNCACHED_BIT_AMD;
  bool shares =
      physical_.emulated || physical_.properties.deviceType == VK_PHYSICAL_DEVICE_TYPE_INTEGRATED_GPU;
  Wish wish = wishFor(placement, shares);
  int best = -1, bestScore = 0;
  for (uint32_t i = 0; i < memory_.memoryTypeCount; ++i) {
    VkMemoryPropertyFlags flags = memoryFlags(i);
    if (!(allowed >> i & 1) || (flags & wish.required) != wish.required || (flags & special)) continue;
    int score = 8 + std::popcount(flags & wish.liked) - std::popcount(flags & wish.disliked);
    if (score > bestScore) best = static_cast<int>(i), bestScore = score;
  }
  if (best < 0)
    return Status(Code::Unsupported, std::string(name()) + " has no memory of a kind that is needed");
  return static_cast<uint32_t>(best);
}

Status Device::lose(const std::string &why) {
  lost_ = Status(Code::DeviceLost,
                 std::string(name()) + ": " + why + ": this session can't go on, open a new one");
  return lost_;
}

Status Device::submit(std::span<const VkCommandBuffer> commands, VkFence fence) {
  LATHE_TRY(lost_);
  VkSubmitInfo info = {VK_STRUCTURE_TYPE_SUBMIT_INFO};
  info.commandBufferCount = static_cast<uint32_t>(commands.size());
  info.pCommandBuffers = commands.data();
  VkResult result = api_.QueueSubmit(queue_, 1, &info, fence);
  if (result == VK_ERROR_DEVICE_LOST) return lose("the device was lost");
  LATHE_VULKAN_TRY(result, "starting work on the device");
  return {};
}

Status Device::wait(VkFence fence) {
  LATHE_TRY(lost_);
  VkResult result = VK_TIMEOUT;
  for (int i = 0; i < kPatience && result == VK_TIMEOUT; ++i)
    result = api_.WaitForFences(handle_, 1, &fence, VK_TRUE, kSliceNanoseconds);
  if (result == VK_SUCCESS) {
    LATHE_VULKAN_TRY(api_.ResetFences(handle_, 1, &fence), "resetting a fence");
    return {};
  }
  hangs_ = result == VK_TIMEOUT;
  return lose(hangs_ ? "the device does not answer" : "the device was lost (" + nameOf(result) + ")");
}

Status Device::check() {
  LATHE_TRY(lost_);
  return instance_.complaint();
}

} // namespace lathe::vulkan

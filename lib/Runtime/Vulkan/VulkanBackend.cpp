#include "Runtime/Vulkan/VulkanBackend.h"

#include "Runtime/Vulkan/VulkanExecutor.h"

#include <algorithm>

namespace lathe {

using namespace vulkan;

static bool sharesHostMemory(const PhysicalDevice &device) {
  return device.emulated || device.properties.deviceType == VK_PHYSICAL_DEVICE_TYPE_INTEGRATED_GPU;
}

/// Of the largest heap that is the device's own.
static MachineMemory memoryOf(const Api &api, const PhysicalDevice &device) {
  VkPhysicalDeviceMemoryBudgetPropertiesEXT budget = {
      VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_MEMORY_BUDGET_PROPERTIES_EXT};
  VkPhysicalDeviceMemoryProperties2 memory = {VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_MEMORY_PROPERTIES_2};
  if (device.hasBudget) memory.pNext = &budget;
  api.GetPhysicalDeviceMemoryProperties2(device.handle, &memory);
  MachineMemory result = {0, 0};
  for (uint32_t i = 0; i < memory.memoryProperties.memoryHeapCount; ++i) {
    const VkMemoryHeap &heap = memory.memoryProperties.memoryHeaps[i];
    if (!(heap.flags & VK_MEMORY_HEAP_DEVICE_LOCAL_BIT) || heap.size <= result.total) continue;
    uint64_t free = heap.size;
    if (device.hasBudget) free = budget.heapBudget[i] - std::min(budget.heapBudget[i], budget.heapUsage[i]);
    result = {std::min(free, heap.size), heap.size};
  }
  if (sharesHostMemory(device)) result.available = std::min(result.available, machineMemory().available);
  return result;
}

static std::string versionOf(uint32_t version) {
  return std::to_string(VK_API_VERSION_MAJOR(version)) + "." + std::to_string(VK_API_VERSION_MINOR(version)) +
         "." + std::to_string(VK_API_VERSION_PATCH(version));
}

static const char *typeOf(const PhysicalDevice &device) {
  switch (device.properties.deviceType) {
  case VK_PHYSICAL_DEVICE_TYPE_DISCRETE_GPU:
    return "discrete GPU";
  case VK_PHYSICAL_DEVICE_TYPE_INTEGRATED_GPU:
    return "integrated GPU";
  case VK_PHYSICAL_DEVICE_TYPE_VIRTUAL_GPU:
    return "virtual GPU";
  case VK_PHYSICAL_DEVICE_TYPE_CPU:
    return "emulated on the CPU";
  default:
    return "other device";
  }
}

static std::string featureLine(const PhysicalDevice &device) {
  std::string line = "Vulkan " + versionOf(device.properties.apiVersion) + ", " + typeOf(device);
  for (const std::string &name : device.features.names()) line += ", " + name;
  return line;
}

void listVulkan(DeviceList &list) {
  auto instance = Instance::shared();
  if (!instance) {
    list.notes.push_back({DeviceKind::Vulkan, instance.status().message()});
    return;
  }
  const std::vector<PhysicalDevice> &devices = (*instance)->devices();
  for (uint32_t i = 0; i < devices.size(); ++i) {
    DeviceInfo info;
    info.kind = DeviceKind::Vulkan;
    info.index = i;
    info.name = devices[i].properties.deviceName;
    info.memory = memoryOf((*instance)->api(), devices[i]).total;
    info.features = featureLine(devices[i]);
    info.unusable = devices[i].unusable;
    info.emulated = devices[i].emulated;
    list.devices.push_back(std::move(info));
  }
}

Result<MachineMemory> vulkanMemory(uint32_t index) {
  auto instance = Instance::shared();
  if (!instance) return instance.status();
  auto device = (*instance)->device(index);
  if (!device) return device.status();
  return memoryOf((*instance)->api(), **device);
}

std::string whyNotOnVulkan(uint32_t index, const fb::Variant &variant) {
  auto instance = Instance::shared();
  if (!instance) return "can't run: " + instance.status().message();
  auto device = (*instance)->device(index);
  if (!device) return "can't run: " + device.status().message();
  if (!(*device)->unusable.empty()) return "can't run there: " + (*device)->unusable;
  return whyNot(variant, (*device)->features);
}

Result<std::unique_ptr<Executor>> createVulkanExecutor(uint32_t index, const LoadedModel &model,
                                                       const fb::Program &program, const fb::Variant &variant,
                                                       const MemoryPlan &plan,
                                                       const SessionOptions &options) {
  return VulkanExecutor::create(index, model.artifact(), program, variant, plan, options.progress);
}

} // namespace lathe

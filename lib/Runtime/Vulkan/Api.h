// The functions of Vulkan that the runtime calls, found at run time.
#pragma once

#include "Support/Status.h"

#define VK_NO_PROTOTYPES
#include <vulkan/vulkan_core.h>

namespace lathe::vulkan {

// clang-format off
#define LATHE_VULKAN_GLOBAL_FUNCTIONS(X) \
  X(CreateInstance) X(EnumerateInstanceExtensionProperties) X(EnumerateInstanceLayerProperties) \
  X(EnumerateInstanceVersion)
#define LATHE_VULKAN_INSTANCE_FUNCTIONS(X) \
  X(CreateDevice) X(DestroyInstance) X(EnumerateDeviceExtensionProperties) X(EnumeratePhysicalDevices) \
  X(GetDeviceProcAddr) X(GetPhysicalDeviceFeatures2) X(GetPhysicalDeviceMemoryProperties2) \
  X(GetPhysicalDeviceProperties2) X(GetPhysicalDeviceQueueFamilyProperties)
#define LATHE_VULKAN_DEVICE_FUNCTIONS(X) \
  X(AllocateCommandBuffers) X(AllocateMemory) X(BeginCommandBuffer) X(BindBufferMemory) \
  X(CmdBindPipeline) X(CmdCopyBuffer) X(CmdDispatch) X(CmdFillBuffer) X(CmdPipelineBarrier) \
  X(CmdPushConstants) X(CreateBuffer) X(CreateCommandPool) X(CreateComputePipelines) X(CreateFence) \
  X(CreatePipelineCache) X(CreatePipelineLayout) X(CreateShaderModule) X(DestroyBuffer) \
  X(DestroyCommandPool) X(DestroyDevice) X(DestroyFence) X(DestroyPipeline) X(DestroyPipelineCache) \
  X(DestroyPipelineLayout) X(DestroyShaderModule) X(EndCommandBuffer) X(FreeCommandBuffers) \
  X(FreeMemory) X(GetBufferDeviceAddress) X(GetBufferMemoryRequirements) X(GetDeviceQueue) \
  X(GetPipelineCacheData) X(MapMemory) X(QueueSubmit) X(ResetFences) X(WaitForFences)
// clang-format on

/// Pointers instead of prototypes: nothing links libvulkan, and no symbol of ours is named like one of its. A
/// program that links the runtime statically may have a loader of its own.
struct Api {
#define LATHE_VULKAN_MEMBER(name) PFN_vk##name name = nullptr;
  PFN_vkGetInstanceProcAddr GetInstanceProcAddr = nullptr;
  LATHE_VULKAN_GLOBAL_FUNCTIONS(LATHE_VULKAN_MEMBER)
  LATHE_VULKAN_INSTANCE_FUNCTIONS(LATHE_VULKAN_MEMBER)
  LATHE_VULKAN_DEVICE_FUNCTIONS(LATHE_VULKAN_MEMBER)
  // Of VK_EXT_debug_utils, where it is enabled.
  PFN_vkCreateDebugUtilsMessengerEXT CreateDebugUtilsMessengerEXT = nullptr;
  PFN_vkDestroyDebugUtilsMessengerEXT DestroyDebugUtilsMessengerEXT = nullptr;
#undef LATHE_VULKAN_MEMBER

  /// The global functions of libvulkan.so.1, which stays open once it was: drivers don't survive being
  /// unloaded while the process lives. Fails with NotFound where there is none, and with Unsupported below
  /// Vulkan 1.2.
  static Result<Api> load();
  Status loadInstance(VkInstance instance);
  /// Of this very device: calls skip the loader's dispatch.
  Status loadDevice(VkDevice device);
};

/// "VK_ERROR_DEVICE_LOST", or its number.
std::string nameOf(VkResult result);

/// What went wrong, as a Status: memory that is out is OutOfMemory, a lost device says what to do.
Status failure(VkResult result, const std::string &what);

} // namespace lathe::vulkan

/// Returns early where `call`, a function of Vulkan, fails; `what` says what it was for.
#define LATHE_VULKAN_TRY(call, what)                                                                         \
  do {                                                                                                       \
    if (VkResult latheResult = (call); latheResult != VK_SUCCESS)                                            \
      return ::lathe::vulkan::failure(latheResult, what);                                                    \
  } while (0)

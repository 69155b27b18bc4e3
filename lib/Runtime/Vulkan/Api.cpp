#include "Runtime/Vulkan/Api.h"

#include <dlfcn.h>

namespace lathe::vulkan {

static Status missing(const char *function) {
  return Status(Code::Unsupported, std::string("the Vulkan driver has no ") + function);
}

Result<Api> Api::load() {
  static void *const library = dlopen("libvulkan.so.1", RTLD_NOW | RTLD_LOCAL);
  if (!library)
    return Status(Code::NotFound, "there is no Vulkan loader (libvulkan.so.1): install the graphics driver");
  Api api;
  api.GetInstanceProcAddr =
      reinterpret_cast<PFN_vkGetInstanceProcAddr>(dlsym(library, "vkGetInstanceProcAddr"));
  if (!api.GetInstanceProcAddr) return missing("vkGetInstanceProcAddr");
#define LATHE_VULKAN_LOAD(name)                                                                              \
  api.name = reinterpret_cast<PFN_vk##name>(api.GetInstanceProcAddr(nullptr, "vk" #name));                   \
  if (!api.name) return missing("vk" #name);
  LATHE_VULKAN_GLOBAL_FUNCTIONS(LATHE_VULKAN_LOAD)
#undef LATHE_VULKAN_LOAD
  uint32_t version = 0;
  LATHE_VULKAN_TRY(api.EnumerateInstanceVersion(&version), "asking for the version of Vulkan");
  if (version < VK_API_VERSION_1_2)
    return Status(Code::Unsupported, "the Vulkan loader is older than Vulkan 1.2");
  return api;
}

Status Api::loadInstance(VkInstance instance) {
#define LATHE_VULKAN_LOAD(name)                                                                              \
  name = reinterpret_cast<PFN_vk##name>(GetInstanceProcAddr(instance, "vk" #name));                          \
  if (!name) return missing("vk" #name);
  LATHE_VULKAN_INSTANCE_FUNCTIONS(LATHE_VULKAN_LOAD)
#undef LATHE_VULKAN_LOAD
  CreateDebugUtilsMessengerEXT = reinterpret_cast<PFN_vkCreateDebugUtilsMessengerEXT>(
      GetInstanceProcAddr(instance, "vkCreateDebugUtilsMessengerEXT"));
  DestroyDebugUtilsMessengerEXT = reinterpret_cast<PFN_vkDestroyDebugUtilsMessengerEXT>(
      GetInstanceProcAddr(instance, "vkDestroyDebugUtilsMessengerEXT"));
  return {};
}

Status Api::loadDevice(VkDevice device) {
#define LATHE_VULKAN_LOAD(name)                                                                              \
  name = reinterpret_cast<PFN_vk##name>(GetDeviceProcAddr(device, "vk" #name));                              \
  if (!name) return missing("vk" #name);
  LATHE_VULKAN_DEVICE_FUNCTIONS(LATHE_VULKAN_LOAD)
#undef LATHE_VULKAN_LOAD
  return {};
}

std::string nameOf(VkResult result) {
  switch (result) {
#define LATHE_VULKAN_NAME(name)                                                                              \
  case name:                                                                                                 \
    return #name;
    LATHE_VULKAN_NAME(VK_TIMEOUT)
    LATHE_VULKAN_NAME(VK_INCOMPLETE)
    LATHE_VULKAN_NAME(VK_ERROR_OUT_OF_HOST_MEMORY)
    LATHE_VULKAN_NAME(VK_ERROR_OUT_OF_DEVICE_MEMORY)
    LATHE_VULKAN_NAME(VK_ERROR_INITIALIZATION_FAILED)
    LATHE_VULKAN_NAME(VK_ERROR_DEVICE_LOST)
    LATHE_VULKAN_NAME(VK_ERROR_MEMORY_MAP_FAILED)
    LATHE_VULKAN_NAME(VK_ERROR_LAYER_NOT_PRESENT)
    LATHE_VULKAN_NAME(VK_ERROR_EXTENSION_NOT_PRESENT)
    LATHE_VULKAN_NAME(VK_ERROR_FEATURE_NOT_PRESENT)
    LATHE_VULKAN_NAME(VK_ERROR_INCOMPATIBLE_DRIVER)
    LATHE_VULKAN_NAME(VK_ERROR_TOO_MANY_OBJECTS)
    LATHE_VULKAN_NAME(VK_ERROR_INVALID_SHADER_NV)
    LATHE_VULKAN_NAME(VK_ERROR_UNKNOWN)
#undef LATHE_VULKAN_NAME
  default:
    return "VkResult " + std::to_string(result);
  }
}

Status failure(VkResult result, const std::string &what) {
  std::string message = what + " failed with " + nameOf(result);
  switch (result) {
  case VK_ERROR_OUT_OF_HOST_MEMORY:
  case VK_ERROR_OUT_OF_DEVICE_MEMORY:
    return Status(Code::OutOfMemory, message + ": use a smaller context, or another device");
  case VK_ERROR_DEVICE_LOST:
    return Status(Code::Io, message + ": the device is lost, and this session with it; open a new one");
  default:
    return Status(Code::Io, message);
  }
}

} // namespace lathe::vulkan

// A Vulkan instance, its devices, and what the validation layer says.
#pragma once

#include "Runtime/Vulkan/Features.h"

#include <memory>
#include <mutex>
#include <vector>

namespace lathe::vulkan {

/// One device of the machine, as its driver describes it.
struct PhysicalDevice {
  VkPhysicalDevice handle = VK_NULL_HANDLE;
  VkPhysicalDeviceProperties properties = {};
  Features features;
  VkDeviceSize largestBuffer = 0; ///< bytes that one allocation, and one buffer, can have
  uint32_t queueFamily = 0;       ///< one that computes
  bool emulated = false;          ///< runs on the CPU
  bool hasBudget = false;         ///< says how much of its memory is free
  std::string unusable;           ///< why Lathe can't use it; empty where it can
};

/// Made once and kept: drivers don't survive being started and stopped at will. With
/// LATHE_VULKAN_VALIDATION=1 in the environment the Khronos validation layer watches every call.
class Instance {
public:
  /// Fails, now and later, where there is no loader or driver, where they are too old, or where validation is
  /// wanted and not installed. Any thread.
  static Result<Instance *> shared();
  ~Instance();
  Instance(const Instance &) = delete;

  /// Real ones before emulated ones, otherwise as the drivers list them: a device's number is its index.
  const std::vector<PhysicalDevice> &devices() const { return devices_; }
  /// Fails with NotFound.
  Result<const PhysicalDevice *> device(uint32_t index) const;

  /// What the validation layer has said since the last time, as a failure; success where it was silent.
  Status complaint();

  const Api &api() const { return api_; }

private:
  explicit Instance(Api api) : api_(api) {}
  static Result<std::unique_ptr<Instance>> create();
  Status make();
  Status findDevices();
  PhysicalDevice describe(VkPhysicalDevice handle) const;
  Status checkValidation() const;
  Status listen();
  static VKAPI_ATTR VkBool32 VKAPI_CALL hear(VkDebugUtilsMessageSeverityFlagBitsEXT severity,
                                             VkDebugUtilsMessageTypeFlagsEXT types,
                                             const VkDebugUtilsMessengerCallbackDataEXT *data, void *self);

  Api api_;
  VkInstance handle_ = VK_NULL_HANDLE;
  VkDebugUtilsMessengerEXT messenger_ = VK_NULL_HANDLE;
  std::vector<PhysicalDevice> devices_;
  std::mutex mutex_;
  std::vector<std::string> complaints_;
};

} // namespace lathe::vulkan

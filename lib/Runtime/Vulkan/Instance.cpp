#include "Runtime/Vulkan/Instance.h"

#include "Artifact/KernelABI.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <optional>

namespace lathe::vulkan {

static constexpr const char *kValidationLayer = "VK_LAYER_KHRONOS_validation";

static bool wantsValidation() {
  const char *value = std::getenv("LATHE_VULKAN_VALIDATION");
  return value && std::strcmp(value, "1") == 0;
}

Result<Instance *> Instance::shared() {
  static auto *const instance = new Result<std::unique_ptr<Instance>>(create());
  if (!*instance) return instance->status();
  return (*instance)->get();
}

Result<std::unique_ptr<Instance>> Instance::create() {
  auto api = Api::load();
  if (!api) return api.status();
  std::unique_ptr<Instance> instance(new Instance(*api));
  if (Status status = instance->make(); !status.ok()) return status;
  return instance;
}

Status Instance::checkValidation() const {
  uint32_t count = 0;
  LATHE_VULKAN_TRY(api_.EnumerateInstanceLayerProperties(&count, nullptr), "listing the layers of Vulkan");
  std::vector<VkLayerProperties> layers(count);
  LATHE_VULKAN_TRY(api_.EnumerateInstanceLayerProperties(&count, layers.data()),
                   "listing the layers of Vulkan");
  for (const VkLayerProperties &layer : layers)
    if (std::strcmp(layer.layerName, kValidationLayer) == 0) return {};
  return Status(Code::NotFound,
                std::string("LATHE_VULKAN_VALIDATION is set, but ") + kValidationLayer + " is not installed");
}

Status Instance::make() {
  VkApplicationInfo application = {VK_STRUCTURE_TYPE_APPLICATION_INFO};
  application.pEngineName = "lathe";
  application.apiVersion = VK_API_VERSION_1_3;
  VkInstanceCreateInfo info = {VK_STRUCTURE_TYPE_INSTANCE_CREATE_INFO};
  info.pApplicationInfo = &application;
  // Hazards between copies are found only when asked for.
  VkValidationFeatureEnableEXT synchronization = VK_VALIDATION_FEATURE_ENABLE_SYNCHRONIZATION_VALIDATION_EXT;
  VkValidationFeaturesEXT features = {VK_STRUCTURE_TYPE_VALIDATION_FEATURES_EXT};
  features.enabledValidationFeatureCount = 1;
  features.pEnabledValidationFeatures = &synchronization;
  const char *extensions[] = {VK_EXT_DEBUG_UTILS_EXTENSION_NAME, VK_EXT_VALIDATION_FEATURES_EXTENSION_NAME};
  bool validate = wantsValidation();
  if (validate) {
    LATHE_TRY(checkValidation());
    info.pNext = &features;
    info.enabledLayerCount = 1;
    info.ppEnabledLayerNames = &kValidationLayer;
    info.enabledExtensionCount = 2;
    info.ppEnabledExtensionNames = extensions;
  }
  VkResult result = api_.CreateInstance(&info, nullptr, &handle_);
  if (result == VK_ERROR_INCOMPATIBLE_DRIVER)
    return Status(Code::NotFound, "no Vulkan driver is installed: install the graphics driver");
  LATHE_VULKAN_TRY(result, "starting Vulkan");
  LATHE_TRY(api_.loadInstance(handle_));
  if (validate) LATHE_TRY(listen());
  return findDevices();
}

Status Instance::listen() {
  VkDebugUtilsMessengerCreateInfoEXT info = {VK_STRUCTURE_TYPE_DEBUG_UTILS_MESSENGER_CREATE_INFO_EXT};
  info.messageSeverity =
      VK_DEBUG_UTILS_MESSAGE_SEVERITY_WARNING_BIT_EXT | VK_DEBUG_UTILS_MESSAGE_SEVERITY_ERROR_BIT_EXT;
  // Not the general ones: the loader uses them to speak of drivers that are none of this instance's.
  info.messageType = VK_DEBUG_UTILS_MESSAGE_TYPE_VALIDATION_BIT_EXT;
  info.pfnUserCallback = hear;
  info.pUserData = this;
  LATHE_VULKAN_TRY(api_.CreateDebugUtilsMessengerEXT(handle_, &info, nullptr, &messenger_),
                   "listening to the validation layer");
  return {};
}

VkBool32 Instance::hear(VkDebugUtilsMessageSeverityFlagBitsEXT, VkDebugUtilsMessageTypeFlagsEXT,
                        const VkDebugUtilsMessengerCallbackDataEXT *data, void *self) {
  auto &instance = *static_cast<Instance *>(self);
  std::lock_guard lock(instance.mutex_);
  instance.complaints_.push_back(data->pMessage);
  return VK_FALSE;
}

Status Instance::complaint() {
  std::lock_guard lock(mutex_);
  if (complaints_.empty()) return {};
  std::string first = complaints_.front();
  size_t more = complaints_.size() - 1;
  complaints_.clear();
  return Status(Code::Internal, "Vulkan's validation layer says: " + first +
                                    (more ? " (and " + std::to_string(more) + " more)" : ""));
}

Instance::~Instance() {
  if (messenger_) api_.DestroyDebugUtilsMessengerEXT(handle_, messenger_, nullptr);
  if (handle_) api_.DestroyInstance(handle_, nullptr);
}

/// The first family of queues that computes; some devices have one that does nothing else.
static std::optional<uint32_t> findQueueFamily(const Api &api, VkPhysicalDevice handle) {
  uint32_t count = 0;
  api.GetPhysicalDeviceQueueFamilyProperties(handle, &count, nullptr);
  std::vector<VkQueueFamilyProperties> families(count);
  api.GetPhysicalDeviceQueueFamilyProperties(handle, &count, families.data());
  for (uint32_t i = 0; i < count; ++i)
    if (families[i].queueFlags & VK_QUEUE_COMPUTE_BIT) return i;
  return std::nullopt;
}

static bool hasExtension(const Api &api, VkPhysicalDevice handle, const char *name) {
  uint32_t count = 0;
  if (api.EnumerateDeviceExtensionProperties(handle, nullptr, &count, nullptr) != VK_SUCCESS) return false;
  std::vector<VkExtensionProperties> extensions(count);
  if (api.EnumerateDeviceExtensionProperties(handle, nullptr, &count, extensions.data()) != VK_SUCCESS)
    return false;
  for (const VkExtensionProperties &extension : extensions)
    if (std::strcmp(extension.extensionName, name) == 0) return true;
  return false;
}

static VkDeviceSize findLargestBuffer(const Api &api, VkPhysicalDevice handle, uint32_t apiVersion) {
  VkPhysicalDeviceMaintenance4Properties buffers = {
      VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_MAINTENANCE_4_PROPERTIES};
  VkPhysicalDeviceMaintenance3Properties memory = {
      VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_MAINTENANCE_3_PROPERTIES};
  VkPhysicalDeviceProperties2 properties = {VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_PROPERTIES_2, &memory};
  // Before 1.3 nothing but the allocation bounds a buffer.
  buffers.maxBufferSize = UINT64_MAX;
  if (apiVersion >= VK_API_VERSION_1_3) memory.pNext = &buffers;
  api.GetPhysicalDeviceProperties2(handle, &properties);
  return std::min(memory.maxMemoryAllocationSize, buffers.maxBufferSize);
}

PhysicalDevice Instance::describe(VkPhysicalDevice handle) const {
  PhysicalDevice device;
  device.handle = handle;
  VkPhysicalDeviceProperties2 properties = {VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_PROPERTIES_2};
  api_.GetPhysicalDeviceProperties2(handle, &properties);
  device.properties = properties.properties;
  device.emulated = device.properties.deviceType == VK_PHYSICAL_DEVICE_TYPE_CPU;
  if (device.properties.apiVersion < VK_API_VERSION_1_2) {
    device.unusable = "its driver is older than Vulkan 1.2";
    return device;
  }
  device.features = Features::probe(api_, handle);
  device.largestBuffer = findLargestBuffer(api_, handle, device.properties.apiVersion);
  device.hasBudget = hasExtension(api_, handle, VK_EXT_MEMORY_BUDGET_EXTENSION_NAME);
  auto family = findQueueFamily(api_, handle);
  if (family)
    device.queueFamily = *family;
  else
    device.unusable = "it does not compute";
  if (device.properties.limits.maxComputeSharedMemorySize < kMaxGroupMemory)
    device.unusable = "its work groups have less memory than the " + std::to_string(kMaxGroupMemory) +
                      " bytes that kernels may take";
  for (const char *feature : {"bufferDeviceAddress", "shaderInt64"})
    if (!device.features.has(feature)) device.unusable = std::string("it lacks ") + feature;
  return device;
}

Status Instance::findDevices() {
  uint32_t count = 0;
  LATHE_VULKAN_TRY(api_.EnumeratePhysicalDevices(handle_, &count, nullptr), "listing Vulkan devices");
  std::vector<VkPhysicalDevice> handles(count);
  LATHE_VULKAN_TRY(api_.EnumeratePhysicalDevices(handle_, &count, handles.data()), "listing Vulkan devices");
  std::vector<PhysicalDevice> found;
  for (uint32_t i = 0; i < count; ++i) found.push_back(describe(handles[i]));
  for (bool emulated : {false, true})
    for (const PhysicalDevice &device : found)
      if (device.emulated == emulated) devices_.push_back(device);
  return {};
}

Result<const PhysicalDevice *> Instance::device(uint32_t index) const {
  if (index < devices_.size()) return &devices_[index];
  return Status(Code::NotFound, "there is no Vulkan device number " + std::to_string(index) + ", only " +
                                    std::to_string(devices_.size()));
}

} // namespace lathe::vulkan

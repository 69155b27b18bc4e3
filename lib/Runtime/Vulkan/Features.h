// The features of a device by the names that artifacts use.
#pragma once

#include "Artifact/Artifact_generated.h"
#include "Runtime/Vulkan/Api.h"

#include <string_view>
#include <vector>

namespace lathe::vulkan {

/// Vulkan's structs of features, chained. Not to be moved: they point at each other.
struct FeatureChain {
  explicit FeatureChain(uint32_t apiVersion);
  FeatureChain(const FeatureChain &) = delete;

  VkPhysicalDeviceFeatures2 core = {VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_FEATURES_2};
  VkPhysicalDeviceVulkan11Features core11 = {VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_VULKAN_1_1_FEATURES};
  VkPhysicalDeviceVulkan12Features core12 = {VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_VULKAN_1_2_FEATURES};
  VkPhysicalDeviceVulkan13Features core13 = {VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_VULKAN_1_3_FEATURES};
};

/// What a device can do that kernels may ask for.
class Features {
public:
  Features() = default;
  static Features probe(const Api &api, VkPhysicalDevice device);
  /// A device that has exactly `names`, for tests of the choice.
  explicit Features(std::vector<std::string> names) : names_(std::move(names)) {}

  bool has(std::string_view name) const;
  /// Known names that the device has, in the order of Vulkan's structs.
  const std::vector<std::string> &names() const { return names_; }

private:
  std::vector<std::string> names_;
};

/// Switches on `name` in what a device is created with. What is a property of the device, not a feature,
/// needs no switch.
void enable(FeatureChain &chain, std::string_view name);

/// Why a device with `features` can't run `variant`, to be read behind its name; empty where it can.
std::string whyNot(const fb::Variant &variant, const Features &features);

} // namespace lathe::vulkan

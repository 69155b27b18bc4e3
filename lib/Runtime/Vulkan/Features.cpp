#include "Runtime/Vulkan/Features.h"

#include <algorithm>

namespace lathe::vulkan {

namespace {
/// A feature and where Vulkan keeps its switch.
struct Switch {
  const char *name;
  VkBool32 &(*at)(FeatureChain &);
};
#define LATHE_SWITCH(part, field)                                                                            \
  {                                                                                                          \
#field, [](FeatureChain & chain) -> VkBool32 & { return chain.part.field; }                              \
  }
const Switch kSwitches[] = {
    LATHE_SWITCH(core.features, shaderFloat64),
    LATHE_SWITCH(core.features, shaderInt64),
    LATHE_SWITCH(core.features, shaderInt16),
    LATHE_SWITCH(core11, storageBuffer16BitAccess),
    LATHE_SWITCH(core11, uniformAndStorageBuffer16BitAccess),
    LATHE_SWITCH(core12, storageBuffer8BitAccess),
    LATHE_SWITCH(core12, uniformAndStorageBuffer8BitAccess),
    LATHE_SWITCH(core12, shaderFloat16),
    LATHE_SWITCH(core12, shaderInt8),
    LATHE_SWITCH(core12, scalarBlockLayout),
    LATHE_SWITCH(core12, shaderSubgroupExtendedTypes),
    LATHE_SWITCH(core12, bufferDeviceAddress),
    LATHE_SWITCH(core12, vulkanMemoryModel),
    LATHE_SWITCH(core12, vulkanMemoryModelDeviceScope),
    {"integerDotProduct",
     [](FeatureChain &chain) -> VkBool32 & { return chain.core13.shaderIntegerDotProduct; }},
};
#undef LATHE_SWITCH

/// What a device can do between the lanes of a subgroup.
struct SubgroupOperation {
  const char *name;
  VkSubgroupFeatureFlags bit;
};
constexpr SubgroupOperation kSubgroupOperations[] = {
    {"subgroupBasic", VK_SUBGROUP_FEATURE_BASIC_BIT},
    {"subgroupVote", VK_SUBGROUP_FEATURE_VOTE_BIT},
    {"subgroupArithmetic", VK_SUBGROUP_FEATURE_ARITHMETIC_BIT},
    {"subgroupBallot", VK_SUBGROUP_FEATURE_BALLOT_BIT},
    {"subgroupShuffle", VK_SUBGROUP_FEATURE_SHUFFLE_BIT},
    {"subgroupShuffleRelative", VK_SUBGROUP_FEATURE_SHUFFLE_RELATIVE_BIT},
    {"subgroupClustered", VK_SUBGROUP_FEATURE_CLUSTERED_BIT},
};
} // namespace

FeatureChain::FeatureChain(uint32_t apiVersion) {
  core.pNext = &core11;
  core11.pNext = &core12;
  // An older driver does not know the last of them, and has none of its features.
  if (apiVersion >= VK_API_VERSION_1_3) core12.pNext = &core13;
}

Features Features::probe(const Api &api, VkPhysicalDevice device) {
  VkPhysicalDeviceSubgroupProperties subgroup = {VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_SUBGROUP_PROPERTIES};
  VkPhysicalDeviceProperties2 properties = {VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_PROPERTIES_2, &subgroup};
  api.GetPhysicalDeviceProperties2(device, &properties);
  FeatureChain chain(properties.properties.apiVersion);
  api.GetPhysicalDeviceFeatures2(device, &chain.core);

  std::vector<std::string> names;
  for (const Switch &item : kSwitches)
    if (item.at(chain)) names.push_back(item.name);
  if (subgroup.supportedStages & VK_SHADER_STAGE_COMPUTE_BIT)
    for (const SubgroupOperation &item : kSubgroupOperations)
      if (subgroup.supportedOperations & item.bit) names.push_back(item.name);
  return Features(std::move(names));
}

bool Features::has(std::string_view name) const {
  return std::find(names_.begin(), names_.end(), name) != names_.end();
}

void enable(FeatureChain &chain, std::string_view name) {
  for (const Switch &item : kSwitches)
    if (item.name == name) item.at(chain) = VK_TRUE;
}

std::string whyNot(const fb::Variant &variant, const Features &features) {
  if (variant.arch()->string_view() != "spirv") return "is for " + variant.arch()->str();
  std::string missing;
  for (const flatbuffers::String *feature : *variant.features())
    if (!features.has(feature->string_view())) missing += (missing.empty() ? "" : ", ") + feature->str();
  return missing.empty() ? "" : "needs " + missing;
}

} // namespace lathe::vulkan

#include "Codegen/GPU/GpuVariant.h"

namespace lathe {

static constexpr llvm::StringRef kVulkanFeatures[] = {
    "bufferDeviceAddress", "shaderInt64", "shaderInt16", "shaderInt8", "storageBuffer8BitAccess",
    "storageBuffer16BitAccess", "subgroupArithmetic",
    // Vulkan 1.3 demands it of every device, as an instruction or as what a driver makes of it.
    "integerDotProduct",
};

// Of a target's variants the last one that a device can run is taken, so keep the order.
static const GpuVariant kVulkan[] = {
    {"vulkan1.2", GpuTarget::Vulkan, "spirv", llvm::ArrayRef(kVulkanFeatures).drop_back(), "", 0, false, {}},
    {"vulkan1.3", GpuTarget::Vulkan, "spirv", kVulkanFeatures, "", 0, true, {}},
};

// sm_90a runs on compute capability 9.0 only.
static constexpr llvm::StringRef k75[] = {"sm_75"}, k80[] = {"sm_80"}, k90a[] = {"sm_90a"}, k100[] = {"sm_100"};
static constexpr MatrixProducts kTiles = {/*halves=*/true, /*bytes=*/true};
static constexpr MatrixProducts kWarpgroups = {/*halves=*/true, /*bytes=*/true, /*warpgroups=*/true};
static const GpuVariant kCuda[] = {
    {"sm_75", GpuTarget::Cuda, "nvptx64", k75, "+ptx63", 32, true, {}},
    {"sm_80", GpuTarget::Cuda, "nvptx64", k80, "+ptx70", 32, true, kTiles},
    {"sm_90a", GpuTarget::Cuda, "nvptx64", k90a, "+ptx80", 32, true, kWarpgroups},
    {"sm_100", GpuTarget::Cuda, "nvptx64", k100, "+ptx86", 32, true, kTiles},
};

llvm::ArrayRef<GpuVariant> gpuVariants(GpuTarget target) {
  return target == GpuTarget::Vulkan ? llvm::ArrayRef<GpuVariant>(kVulkan) : llvm::ArrayRef<GpuVariant>(kCuda);
}

const GpuVariant *findGpuVariant(llvm::StringRef name) {
  for (GpuTarget target : {GpuTarget::Vulkan, GpuTarget::Cuda})
    for (const GpuVariant &variant : gpuVariants(target))
      if (variant.name == name) return &variant;
  return nullptr;
}

} // namespace lathe

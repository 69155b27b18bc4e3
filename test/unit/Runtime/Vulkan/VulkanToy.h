// The toy model with a program for Vulkan, and the device that runs it.
#pragma once

#include "../ToyModel.h"

namespace lathe::toy {

/// Where the modules of ToyKernels.comp are, one after the other as an artifact has them.
struct VulkanImage {
  VulkanImage();
  test::Bytes bytes;
  std::vector<uint64_t> entries; ///< as in Variant.entries
};

/// Changes the program for Vulkan, or its image, before it is written.
using VulkanEdit = std::function<void(fb::ProgramT &, VulkanImage &)>;

/// A toy with programs for the CPU and for Vulkan.
std::unique_ptr<Toy> vulkanToy(ToyOptions options = {}, const VulkanEdit &edit = {});

/// Skips its tests, saying why, where no Vulkan device is. Everything runs under the validation layer, which
/// must stay silent.
class VulkanTest : public ::testing::Test {
protected:
  void SetUp() override;
  void TearDown() override;
};

} // namespace lathe::toy

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
class VulkanToy {
public:
  explicit VulkanToy(ToyOptions options = {}, const VulkanEdit &edit = {});
  const Toy &operator*() const { return *toy_; }
  /// A session's status and message; the session is released again.
  lathe_status open(lathe_session_options options, std::string &message) const;
  lathe_status open(std::string &message) const;

private:
  VulkanImage image_;
  std::unique_ptr<Toy> toy_;
};

/// Skips its tests, saying why, where no Vulkan device is. Everything runs under the validation layer, which
/// must stay silent.
class VulkanTest : public ::testing::Test {
protected:
  void SetUp() override;
  void TearDown() override;
};

/// Values of one device may differ from another's in the last bits.
void expectNear(const Row &values, const Row &wanted);

} // namespace lathe::toy

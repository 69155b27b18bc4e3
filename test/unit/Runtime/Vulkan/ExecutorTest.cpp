// Programs on a Vulkan device: what they compute, and how they are loaded.
#include "../GpuSessions.h"
#include "VulkanToy.h"

#include "Runtime/Device.h"

#include <cstdlib>

using namespace lathe;
using namespace lathe::toy;

TEST(VulkanDevices, AreListed) {
  DeviceList list = listDevices();
  size_t found = 0;
  for (const DeviceInfo &device : list.devices) {
    if (device.kind != DeviceKind::Vulkan) continue;
    EXPECT_EQ(device.index, found++);
    EXPECT_FALSE(device.name.empty());
    EXPECT_GT(device.memory, 0u);
    EXPECT_NE(device.features.find("Vulkan 1."), std::string::npos) << device.features;
  }
  bool noted = false;
  for (const DriverNote &note : list.notes) noted = noted || note.kind == DeviceKind::Vulkan;
  EXPECT_EQ(noted, found == 0) << "a kind without devices says why";
}

class Vulkan : public VulkanTest {};

TEST_F(Vulkan, TokenByToken) {
  auto toy = vulkanToy({.recurrent = true});
  Runner run(*toy, 1, 1, 0, "vulkan");
  int32_t slot = run.slot();
  Tokens tokens;
  for (int32_t token : someTokens(70)) {
    tokens.push_back(token);
    expectNear(run.feed(slot, {token}), expected(tokens, true));
  }
}

TEST_F(Vulkan, ThroughStagingBuffers) {
  setenv("LATHE_VULKAN_STAGING", "1", 1);
  auto toy = vulkanToy();
  Runner run(*toy, 1, 1, 0, "vulkan");
  unsetenv("LATHE_VULKAN_STAGING");
  expectNear(run.feed(run.slot(), {1, 2, 3}), expected({1, 2, 3}));
}

TEST_F(Vulkan, MoreBucketsThanAreKept) {
  auto toy = vulkanToy();
  Runner run(*toy, 30, 1, 0, "vulkan");
  // Each number of sequences, of rows and of outputs is a bucket of its own: more than are kept.
  Tokens slots(30);
  for (int32_t &slot : slots) slot = run.slot();
  std::vector<Tokens> fed(30);
  for (int round = 0; round < 2; ++round)
    for (size_t sequences : {1u, 2u, 4u, 8u, 16u, 30u})
      for (size_t rows : {1u, 2u, 3u, 5u, 9u})
        for (size_t outputs : {1u, 2u, 5u}) {
          if (outputs > sequences) continue;
          Tokens tokens, owners;
          std::vector<uint8_t> wants;
          for (size_t s = 0; s < sequences; ++s)
            for (size_t r = 0; r < rows; ++r) {
              tokens.push_back(int32_t((s + r) % kVocabulary));
              owners.push_back(slots[s]);
              wants.push_back(r + 1 == rows && s < outputs);
              fed[s].push_back(tokens.back());
            }
          ASSERT_EQ(run.step(tokens, owners, wants.data()), LATHE_OK) << lathe_last_error();
          for (size_t s = 0; s < outputs; ++s) expectNear(run.result(s), expected(fed[s]));
        }
}

namespace lathe::toy {
struct VulkanKind {
  using Fixture = VulkanTest;
  static constexpr const char *kind = "vulkan";
  static std::unique_ptr<Toy> toy(ToyOptions options = {}) { return vulkanToy(options); }
  static void expectRow(const Row &values, const Row &wanted) { expectNear(values, wanted); }
};
INSTANTIATE_TYPED_TEST_SUITE_P(Vulkan, GpuSessions, VulkanKind);
} // namespace lathe::toy

// Sequence states in device memory: forks, truncation, saving.
#include "VulkanToy.h"

using namespace lathe;
using namespace lathe::toy;

static Tokens joined(Tokens a, const Tokens &b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}

class VulkanStates : public VulkanTest {};

TEST_F(VulkanStates, ForksGoTheirOwnWays) {
  for (bool recurrent : {false, true}) {
    VulkanToy toy({.recurrent = recurrent});
    Runner run(*toy, 12, 1, 0, "vulkan");
    for (size_t length : {0u, 1u, 63u, 64u, 65u, 200u}) {
      int32_t parent = run.slot();
      Tokens prefix = someTokens(length), left = someTokens(70, 5), right = someTokens(3, 6);
      if (length) run.feed(parent, prefix);
      int32_t child = run.fork(parent);
      expectNear(run.feed(child, left), expected(joined(prefix, left), recurrent));
      expectNear(run.feed(parent, right), expected(joined(prefix, right), recurrent));
    }
  }
}

TEST_F(VulkanStates, TruncateThenContinue) {
  VulkanToy toy;
  Runner run(*toy, 2, 1, 0, "vulkan");
  int32_t slot = run.slot();
  Tokens tokens = someTokens(150), more = someTokens(60, 3);
  run.feed(slot, tokens);
  int32_t fork = run.fork(slot);
  ASSERT_EQ(lathe_slot_truncate(run.get(), slot, 70), LATHE_OK) << lathe_last_error();
  // The end lies in a block that the fork reads: it is copied before it is written to.
  expectNear(run.feed(slot, more), expected(joined(Tokens(tokens.begin(), tokens.begin() + 70), more)));
  expectNear(run.feed(fork, {2}), expected(joined(tokens, {2})));
}

TEST_F(VulkanStates, ANewSlotStartsAtZero) {
  VulkanToy toy({.recurrent = true});
  Runner run(*toy, 1, 1, 0, "vulkan");
  for (int round = 0; round < 3; ++round) {
    int32_t slot = run.slot();
    expectNear(run.feed(slot, {5, 6, 7}), expected({5, 6, 7}, true));
    lathe_slot_release(run.get(), slot);
  }
}

static std::vector<char> saved(const Runner &run, int32_t slot) {
  size_t size = 0;
  EXPECT_EQ(lathe_slot_save_size(run.get(), slot, &size), LATHE_OK) << lathe_last_error();
  std::vector<char> bytes(size);
  EXPECT_EQ(lathe_slot_save(run.get(), slot, bytes.data(), bytes.size(), &size), LATHE_OK)
      << lathe_last_error();
  return bytes;
}

TEST_F(VulkanStates, SaveAndRestore) {
  VulkanToy toy({.recurrent = true});
  Tokens tokens = someTokens(130);
  std::vector<char> bytes;
  {
    Runner run(*toy, 1, 1, 0, "vulkan");
    int32_t slot = run.slot();
    run.feed(slot, tokens);
    bytes = saved(run, slot);
  }
  Runner run(*toy, 2, 1, 0, "vulkan");
  run.feed(run.slot(), someTokens(100, 4)); // another one's blocks come first
  int32_t slot = -1;
  ASSERT_EQ(lathe_slot_restore(run.get(), bytes.data(), bytes.size(), &slot), LATHE_OK) << lathe_last_error();
  EXPECT_EQ(saved(run, slot), bytes);
  expectNear(run.feed(slot, {9}), expected(joined(tokens, {9}), true));
}

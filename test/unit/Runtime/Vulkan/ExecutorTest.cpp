// Programs on a Vulkan device: what they compute, and how they are loaded.
#include "VulkanToy.h"

#include "Runtime/Device.h"

#include <cstdlib>
#include <numeric>

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

TEST_F(Vulkan, RowsOfAnyNumber) {
  VulkanToy toy;
  for (size_t count : {1u, 2u, 3u, 16u, 17u, 64u, 65u, 96u, 97u, 300u}) {
    Runner run(*toy, 1, 1, 0, "vulkan:0");
    Tokens tokens = someTokens(count);
    expectNear(run.feed(run.slot(), tokens), expected(tokens));
  }
}

TEST_F(Vulkan, TokenByToken) {
  VulkanToy toy({.recurrent = true});
  Runner run(*toy, 1, 1, 0, "vulkan");
  int32_t slot = run.slot();
  Tokens tokens;
  for (int32_t token : someTokens(70)) {
    tokens.push_back(token);
    expectNear(run.feed(slot, {token}), expected(tokens, true));
  }
}

TEST_F(Vulkan, SequencesSideBySide) {
  VulkanToy toy({.recurrent = true});
  Runner run(*toy, 4, 1, 0, "vulkan");
  Tokens slots = {run.slot(), run.slot(), run.slot(), run.slot()}, tokens, owners;
  std::vector<Tokens> sequences;
  for (size_t i = 0; i < 4; ++i) {
    sequences.push_back(someTokens(1 + 40 * i, uint32_t(i)));
    for (int32_t token : sequences.back()) tokens.push_back(token), owners.push_back(slots[i]);
  }
  ASSERT_EQ(run.step(tokens, owners), LATHE_OK) << lathe_last_error();
  for (size_t i = 0; i < 4; ++i) expectNear(run.result(i), expected(sequences[i], true));
}

TEST_F(Vulkan, HiddenStatesOfEachRow) {
  VulkanToy toy;
  Runner run(*toy, 1, 1, 0, "vulkan");
  Tokens tokens = someTokens(5);
  std::vector<uint8_t> wants(5, LATHE_WANT_HIDDEN);
  ASSERT_EQ(run.step(tokens, Tokens(5, run.slot()), wants.data()), LATHE_OK) << lathe_last_error();
  for (size_t i = 0; i < 5; ++i)
    expectNear(run.result(i),
               expected(Tokens(tokens.begin(), tokens.begin() + ptrdiff_t(i) + 1), false, true));
}

TEST_F(Vulkan, RowsThatWantNothingLaunchNoHead) {
  VulkanToy toy;
  Runner run(*toy, 1, 1, 0, "vulkan");
  int32_t slot = run.slot();
  Tokens tokens = someTokens(9);
  std::vector<uint8_t> wants(8, 0);
  ASSERT_EQ(run.step(Tokens(tokens.begin(), tokens.end() - 1), Tokens(8, slot), wants.data()), LATHE_OK);
  expectNear(run.feed(slot, {tokens.back()}), expected(tokens));
}

TEST_F(Vulkan, Encoder) {
  VulkanToy toy({.encoder = true});
  Runner run(*toy, 1, 1, 0, "vulkan");
  Tokens tokens = someTokens(40);
  std::vector<uint32_t> lengths = {1, 2, 30, 7};
  std::vector<float> vectors(4 * kDim);
  lathe_embed_batch batch = LATHE_INIT(lathe_embed_batch);
  batch.sequences = lengths.size();
  batch.lengths = lengths.data();
  batch.tokens = tokens.data();
  batch.vectors = vectors.data();
  ASSERT_EQ(lathe_embed(run.get(), &batch), LATHE_OK) << lathe_last_error();
  size_t at = 0;
  for (size_t s = 0; s < 4; at += lengths[s++]) {
    Row mean(kDim, 0.f);
    for (size_t i = at; i < at + lengths[s]; ++i)
      for (size_t d = 0; d < kDim; ++d) mean[d] += embeddingOf(tokens[i])[d] / float(lengths[s]);
    expectNear(Row(vectors.begin() + ptrdiff_t(s) * kDim, vectors.begin() + ptrdiff_t(s + 1) * kDim), mean);
  }
}

TEST_F(Vulkan, ThroughStagingBuffers) {
  setenv("LATHE_VULKAN_STAGING", "1", 1);
  VulkanToy toy;
  Runner run(*toy, 1, 1, 0, "vulkan");
  unsetenv("LATHE_VULKAN_STAGING");
  expectNear(run.feed(run.slot(), {1, 2, 3}), expected({1, 2, 3}));
}

TEST_F(Vulkan, MoreBucketsThanAreKept) {
  VulkanToy toy;
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

TEST_F(Vulkan, LoadingTellsHowFarItIs) {
  VulkanToy toy;
  lathe_session_options options = LATHE_INIT(lathe_session_options);
  uint64_t last = 0;
  options.progress_user = &last;
  options.progress = [](void *user, uint64_t done, uint64_t total) {
    *static_cast<uint64_t *>(user) = done;
    return done == total ? 0 : 1;
  };
  std::string message;
  EXPECT_EQ(toy.open(options, message), LATHE_OK) << message;
  EXPECT_EQ(last, uint64_t(kVocabulary * kDim * 4));
  options.progress = [](void *, uint64_t, uint64_t) { return 1; };
  EXPECT_EQ(toy.open(options, message), LATHE_CANCELLED);
}

TEST_F(Vulkan, CancelLeavesNothingBehind) {
  VulkanToy toy;
  Runner run(*toy, 1, 1, 0, "vulkan");
  int32_t slot = run.slot();
  Tokens tokens = someTokens(80);
  lathe_session_cancel(run.get());
  EXPECT_EQ(run.step(tokens, Tokens(80, slot)), LATHE_CANCELLED);
  EXPECT_EQ(run.position(slot), 0u);
  expectNear(run.feed(slot, tokens), expected(tokens));
}

TEST_F(Vulkan, TwoSessionsAtOnce) {
  VulkanToy toy;
  Runner first(*toy, 1, 1, 0, "vulkan"), second(*toy, 1, 1, 0, "vulkan");
  int32_t a = first.slot(), b = second.slot();
  expectNear(first.feed(a, {1, 2}), expected({1, 2}));
  expectNear(second.feed(b, {3}), expected({3}));
  expectNear(first.feed(a, {4}), expected({1, 2, 4}));
}

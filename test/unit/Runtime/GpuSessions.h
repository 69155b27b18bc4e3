// What sessions do on GPUs of every kind: a suite that the tests of each kind instantiate.
#pragma once

#include "ToyModel.h"

namespace lathe::toy {

/// `Gpu` has the Fixture of its tests, the name of its `kind`, toy(options), and expectRow(values, wanted).
template <typename Gpu> class GpuSessions : public Gpu::Fixture {};
TYPED_TEST_SUITE_P(GpuSessions);

inline Tokens joined(Tokens a, const Tokens &b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}

//===------------------------------------------------------------------------------------------------------===//
// Rows
//===------------------------------------------------------------------------------------------------------===//

TYPED_TEST_P(GpuSessions, RowsOfAnyNumber) {
  auto toy = TypeParam::toy();
  for (size_t count : {1u, 2u, 3u, 16u, 17u, 64u, 65u, 96u, 97u, 300u}) {
    Runner run(*toy, 1, 1, 0, (std::string(TypeParam::kind) + ":0").c_str());
    Tokens tokens = someTokens(count);
    TypeParam::expectRow(run.feed(run.slot(), tokens), expected(tokens));
  }
}

TYPED_TEST_P(GpuSessions, SequencesSideBySide) {
  auto toy = TypeParam::toy({.recurrent = true});
  Runner run(*toy, 4, 1, 0, TypeParam::kind);
  Tokens slots = {run.slot(), run.slot(), run.slot(), run.slot()}, tokens, owners;
  std::vector<Tokens> sequences;
  for (size_t i = 0; i < 4; ++i) {
    sequences.push_back(someTokens(1 + 40 * i, uint32_t(i)));
    for (int32_t token : sequences.back()) tokens.push_back(token), owners.push_back(slots[i]);
  }
  ASSERT_EQ(run.step(tokens, owners), LATHE_OK) << lathe_last_error();
  for (size_t i = 0; i < 4; ++i) TypeParam::expectRow(run.result(i), expected(sequences[i], true));
}

TYPED_TEST_P(GpuSessions, HiddenStatesOfEachRow) {
  auto toy = TypeParam::toy();
  Runner run(*toy, 1, 1, 0, TypeParam::kind);
  Tokens tokens = someTokens(5);
  std::vector<uint8_t> wants(5, LATHE_WANT_HIDDEN);
  ASSERT_EQ(run.step(tokens, Tokens(5, run.slot()), wants.data()), LATHE_OK) << lathe_last_error();
  for (size_t i = 0; i < 5; ++i)
    TypeParam::expectRow(run.result(i),
                         expected(Tokens(tokens.begin(), tokens.begin() + ptrdiff_t(i) + 1), false, true));
}

TYPED_TEST_P(GpuSessions, RowsThatWantNothingLaunchNoHead) {
  auto toy = TypeParam::toy();
  Runner run(*toy, 1, 1, 0, TypeParam::kind);
  int32_t slot = run.slot();
  Tokens tokens = someTokens(9);
  std::vector<uint8_t> wants(8, 0);
  ASSERT_EQ(run.step(Tokens(tokens.begin(), tokens.end() - 1), Tokens(8, slot), wants.data()), LATHE_OK);
  TypeParam::expectRow(run.feed(slot, {tokens.back()}), expected(tokens));
}

TYPED_TEST_P(GpuSessions, Encoder) {
  auto toy = TypeParam::toy({.encoder = true});
  Runner run(*toy, 1, 1, 0, TypeParam::kind);
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

//===------------------------------------------------------------------------------------------------------===//
// States: forks, truncation, saving
//===------------------------------------------------------------------------------------------------------===//

TYPED_TEST_P(GpuSessions, ForksGoTheirOwnWays) {
  for (bool recurrent : {false, true}) {
    auto toy = TypeParam::toy({.recurrent = recurrent});
    Runner run(*toy, 12, 1, 0, TypeParam::kind);
    for (size_t length : {0u, 1u, 63u, 64u, 65u, 200u}) {
      int32_t parent = run.slot();
      Tokens prefix = someTokens(length), left = someTokens(70, 5), right = someTokens(3, 6);
      if (length) run.feed(parent, prefix);
      int32_t child = run.fork(parent);
      TypeParam::expectRow(run.feed(child, left), expected(joined(prefix, left), recurrent));
      TypeParam::expectRow(run.feed(parent, right), expected(joined(prefix, right), recurrent));
    }
  }
}

TYPED_TEST_P(GpuSessions, TruncateThenContinue) {
  auto toy = TypeParam::toy();
  Runner run(*toy, 2, 1, 0, TypeParam::kind);
  int32_t slot = run.slot();
  Tokens tokens = someTokens(150), more = someTokens(60, 3);
  run.feed(slot, tokens);
  int32_t fork = run.fork(slot);
  ASSERT_EQ(lathe_slot_truncate(run.get(), slot, 70), LATHE_OK) << lathe_last_error();
  // The end lies in a block that the fork reads: it is copied before it is written to.
  TypeParam::expectRow(run.feed(slot, more),
                       expected(joined(Tokens(tokens.begin(), tokens.begin() + 70), more)));
  TypeParam::expectRow(run.feed(fork, {2}), expected(joined(tokens, {2})));
}

TYPED_TEST_P(GpuSessions, ANewSlotStartsAtZero) {
  auto toy = TypeParam::toy({.recurrent = true});
  Runner run(*toy, 1, 1, 0, TypeParam::kind);
  for (int round = 0; round < 3; ++round) {
    int32_t slot = run.slot();
    TypeParam::expectRow(run.feed(slot, {5, 6, 7}), expected({5, 6, 7}, true));
    lathe_slot_release(run.get(), slot);
  }
}

inline std::vector<char> saved(const Runner &run, int32_t slot) {
  size_t size = 0;
  EXPECT_EQ(lathe_slot_save_size(run.get(), slot, &size), LATHE_OK) << lathe_last_error();
  std::vector<char> bytes(size);
  EXPECT_EQ(lathe_slot_save(run.get(), slot, bytes.data(), bytes.size(), &size), LATHE_OK)
      << lathe_last_error();
  return bytes;
}

TYPED_TEST_P(GpuSessions, SaveAndRestore) {
  auto toy = TypeParam::toy({.recurrent = true});
  Tokens tokens = someTokens(130);
  std::vector<char> bytes;
  {
    Runner run(*toy, 1, 1, 0, TypeParam::kind);
    int32_t slot = run.slot();
    run.feed(slot, tokens);
    bytes = saved(run, slot);
  }
  Runner run(*toy, 2, 1, 0, TypeParam::kind);
  run.feed(run.slot(), someTokens(100, 4)); // another one's blocks come first
  int32_t slot = -1;
  ASSERT_EQ(lathe_slot_restore(run.get(), bytes.data(), bytes.size(), &slot), LATHE_OK) << lathe_last_error();
  EXPECT_EQ(saved(run, slot), bytes);
  TypeParam::expectRow(run.feed(slot, {9}), expected(joined(tokens, {9}), true));
}

//===------------------------------------------------------------------------------------------------------===//
// Sessions
//===------------------------------------------------------------------------------------------------------===//

TYPED_TEST_P(GpuSessions, LoadingTellsHowFarItIsAndStops) {
  auto toy = TypeParam::toy();
  lathe_session_options options = LATHE_INIT(lathe_session_options);
  uint64_t last = 0;
  options.progress_user = &last;
  options.progress = [](void *user, uint64_t done, uint64_t total) {
    *static_cast<uint64_t *>(user) = done;
    return done == total ? 0 : 1;
  };
  std::string message;
  EXPECT_EQ(openSession(*toy, TypeParam::kind, message, options), LATHE_OK) << message;
  EXPECT_EQ(last, uint64_t(kVocabulary * kDim * 4));
  options.progress = [](void *, uint64_t, uint64_t) { return 1; };
  EXPECT_EQ(openSession(*toy, TypeParam::kind, message, options), LATHE_CANCELLED);
}

TYPED_TEST_P(GpuSessions, CancelLeavesNothingBehind) {
  auto toy = TypeParam::toy();
  Runner run(*toy, 1, 1, 0, TypeParam::kind);
  int32_t slot = run.slot();
  Tokens tokens = someTokens(80);
  lathe_session_cancel(run.get());
  EXPECT_EQ(run.step(tokens, Tokens(80, slot)), LATHE_CANCELLED);
  EXPECT_EQ(run.position(slot), 0u);
  TypeParam::expectRow(run.feed(slot, tokens), expected(tokens));
}

TYPED_TEST_P(GpuSessions, TwoAtOnce) {
  auto toy = TypeParam::toy();
  Runner first(*toy, 1, 1, 0, TypeParam::kind), second(*toy, 1, 1, 0, TypeParam::kind);
  int32_t a = first.slot(), b = second.slot();
  TypeParam::expectRow(first.feed(a, {1, 2}), expected({1, 2}));
  TypeParam::expectRow(second.feed(b, {3}), expected({3}));
  TypeParam::expectRow(first.feed(a, {4}), expected({1, 2, 4}));
}

REGISTER_TYPED_TEST_SUITE_P(GpuSessions, RowsOfAnyNumber, SequencesSideBySide, HiddenStatesOfEachRow,
                            RowsThatWantNothingLaunchNoHead, Encoder, ForksGoTheirOwnWays,
                            TruncateThenContinue, ANewSlotStartsAtZero, SaveAndRestore,
                            LoadingTellsHowFarItIsAndStops, CancelLeavesNothingBehind, TwoAtOnce);

} // namespace lathe::toy

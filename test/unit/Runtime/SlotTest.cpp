#include "ToyModel.h"

#include <random>

using namespace lathe::toy;

static Tokens joined(Tokens a, const Tokens &b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}
static Tokens firstOf(const Tokens &tokens, size_t count) {
  return Tokens(tokens.begin(), tokens.begin() + ptrdiff_t(count));
}
static uint64_t freePositions(const Runner &run) {
  lathe_session_info info = LATHE_INIT(lathe_session_info);
  EXPECT_EQ(lathe_session_get_info(run.get(), &info), LATHE_OK);
  return info.pool_positions_free;
}

TEST(Slot, ForksGoTheirOwnWays) {
  for (bool recurrent : {false, true})
    for (size_t length : {0u, 1u, 63u, 64u, 65u, 200u}) {
      Toy toy({.recurrent = recurrent});
      Runner run(toy, 3);
      int32_t parent = run.slot();
      Tokens prefix = someTokens(length), left = someTokens(70, 5), right = someTokens(3, 6);
      if (length) run.feed(parent, prefix);
      int32_t child = run.fork(parent), grandchild = run.fork(child);
      EXPECT_EQ(run.position(grandchild), length);
      EXPECT_EQ(run.feed(child, left), expected(joined(prefix, left), recurrent));
      EXPECT_EQ(run.feed(parent, right), expected(joined(prefix, right), recurrent));
      lathe_slot_release(run.get(), parent);
      EXPECT_EQ(run.feed(grandchild, {7}), expected(joined(prefix, {7}), recurrent));
      EXPECT_EQ(run.feed(child, right), expected(joined(joined(prefix, left), right), recurrent));
    }
}

TEST(Slot, ForkSharesFullBlocks) {
  Toy toy;
  Runner run(toy, 2);
  int32_t slot = run.slot();
  run.feed(slot, someTokens(200)); // four blocks, the last one partly
  uint64_t before = freePositions(run);
  int32_t fork = run.fork(slot);
  EXPECT_EQ(before - freePositions(run), 64u);
  lathe_slot_release(run.get(), slot);
  EXPECT_EQ(freePositions(run), before) << "the fork holds three shared blocks and its own";
  lathe_slot_release(run.get(), fork);
  EXPECT_EQ(freePositions(run), before + 256);
}

TEST(Slot, TruncateThenContinue) {
  Toy toy;
  for (uint32_t keep : {0u, 1u, 64u, 70u, 128u, 150u}) {
    Runner run(toy);
    int32_t slot = run.slot();
    Tokens tokens = someTokens(150), more = someTokens(30, 9);
    run.feed(slot, tokens);
    ASSERT_EQ(lathe_slot_truncate(run.get(), slot, keep), LATHE_OK) << lathe_last_error();
    EXPECT_EQ(run.position(slot), keep);
    EXPECT_EQ(run.feed(slot, more), expected(joined(firstOf(tokens, keep), more)));
    EXPECT_EQ(lathe_slot_truncate(run.get(), slot, 1000), LATHE_INVALID_ARGUMENT);
  }
}

// A truncation can leave the end inside a block that a fork still reads.
TEST(Slot, WritingIntoASharedBlockCopiesIt) {
  Toy toy;
  Runner run(toy, 2);
  int32_t slot = run.slot();
  Tokens tokens = someTokens(150), more = someTokens(60, 3);
  run.feed(slot, tokens);
  int32_t fork = run.fork(slot);
  ASSERT_EQ(lathe_slot_truncate(run.get(), slot, 70), LATHE_OK);
  EXPECT_EQ(run.feed(slot, more), expected(joined(firstOf(tokens, 70), more)));
  EXPECT_EQ(run.feed(fork, {2}), expected(joined(tokens, {2})));
}

TEST(Slot, RecurrentStateCantGoBack) {
  Toy toy({.recurrent = true});
  Runner run(toy);
  int32_t slot = run.slot();
  run.feed(slot, {1, 2, 3});
  EXPECT_EQ(lathe_slot_truncate(run.get(), slot, 2), LATHE_UNSUPPORTED);
  EXPECT_EQ(lathe_slot_truncate(run.get(), slot, 3), LATHE_OK);
  EXPECT_EQ(lathe_slot_truncate(run.get(), slot, 0), LATHE_OK);
  EXPECT_EQ(run.feed(slot, {5}), expected({5}, true)) << "starts from zero again";
}

TEST(Slot, ReleasedSlotsStartEmpty) {
  Toy toy({.recurrent = true});
  Runner run(toy);
  int32_t slot = run.slot();
  run.feed(slot, someTokens(100));
  lathe_slot_release(run.get(), slot);
  lathe_slot_release(run.get(), slot);
  lathe_slot_release(run.get(), -4);
  EXPECT_EQ(run.step({1}, {slot}), LATHE_INVALID_ARGUMENT);
  slot = run.slot();
  EXPECT_EQ(run.feed(slot, {4}), expected({4}, true));
}

TEST(Slot, RunsOutOfSlotsAndPool) {
  Toy toy;
  Runner run(toy, 3, 1, 192);
  int32_t a = run.slot(), b = run.slot();
  Tokens tokens = someTokens(130);
  run.feed(a, tokens); // all three blocks
  EXPECT_EQ(run.step({1}, {b}), LATHE_FULL);
  EXPECT_NE(std::string(lathe_last_error()).find("pool"), std::string::npos) << lathe_last_error();
  EXPECT_EQ(run.position(b), 0u);
  int32_t fork;
  EXPECT_EQ(lathe_slot_fork(run.get(), a, &fork), LATHE_FULL) << "the copy needs a block";
  run.slot();
  int32_t more;
  EXPECT_EQ(lathe_slot_create(run.get(), &more), LATHE_FULL);
  EXPECT_NE(std::string(lathe_last_error()).find("3 slots"), std::string::npos) << lathe_last_error();
  ASSERT_EQ(lathe_slot_truncate(run.get(), a, 128), LATHE_OK);
  EXPECT_EQ(run.feed(b, {6}), expected({6}));
}

static std::vector<unsigned char> save(const Runner &run, int32_t slot) {
  size_t bytes = 0, written = 0;
  EXPECT_EQ(lathe_slot_save_size(run.get(), slot, &bytes), LATHE_OK);
  std::vector<unsigned char> saved(bytes);
  EXPECT_EQ(lathe_slot_save(run.get(), slot, saved.data(), saved.size(), &written), LATHE_OK)
      << lathe_last_error();
  EXPECT_EQ(written, bytes);
  return saved;
}

TEST(Slot, SaveAndRestore) {
  for (bool recurrent : {false, true})
    for (size_t length : {0u, 5u, 64u, 150u}) {
      Toy toy({.recurrent = recurrent});
      std::vector<unsigned char> saved;
      Tokens tokens = someTokens(length), more = someTokens(20, 2);
      {
        Runner run(toy);
        int32_t slot = run.slot();
        if (length) run.feed(slot, tokens);
        saved = save(run, slot);
        EXPECT_EQ(lathe_slot_save(run.get(), slot, saved.data(), saved.size() - 1, nullptr), LATHE_FULL);
      }
      Runner other(toy, 2, 2);
      other.feed(other.slot(), {1});
      int32_t slot;
      ASSERT_EQ(lathe_slot_restore(other.get(), saved.data(), saved.size(), &slot), LATHE_OK)
          << lathe_last_error();
      EXPECT_EQ(other.position(slot), length);
      EXPECT_EQ(save(other, slot), saved);
      EXPECT_EQ(other.feed(slot, more), expected(joined(tokens, more), recurrent));
    }
}

TEST(Slot, DamagedSavesAreRefused) {
  Toy toy({.recurrent = true}), other;
  Runner run(toy, 2);
  int32_t slot = run.slot(), restored;
  run.feed(slot, someTokens(70));
  auto saved = save(run, slot);
  for (size_t length = 0; length < saved.size(); length += length < 64 ? 1 : 61)
    ASSERT_EQ(lathe_slot_restore(run.get(), saved.data(), length, &restored), LATHE_CORRUPT) << length;
  std::mt19937 random(3);
  for (int i = 0; i < 300; ++i) {
    auto bad = saved;
    size_t at = i < 48 ? size_t(i) : random() % bad.size();
    bad[at] ^= static_cast<unsigned char>(1u << random() % 8);
    ASSERT_NE(lathe_slot_restore(run.get(), bad.data(), bad.size(), &restored), LATHE_OK) << "byte " << at;
  }
  Runner foreign(other);
  EXPECT_EQ(lathe_slot_restore(foreign.get(), saved.data(), saved.size(), &restored), LATHE_UNSUPPORTED);
  EXPECT_EQ(lathe_slot_restore(run.get(), saved.data(), saved.size(), &restored), LATHE_OK)
      << lathe_last_error();
}

#include "ToyModel.h"

#include <algorithm>

using namespace lathe::toy;

TEST(Step, MatchesTheFormula) {
  Toy toy;
  Runner run(toy);
  int32_t slot = run.slot();
  Tokens tokens = someTokens(10);
  EXPECT_EQ(run.feed(slot, tokens), expected(tokens));
  EXPECT_EQ(run.position(slot), 10u);
}

// However a sequence is cut up, the same numbers come out.
TEST(Step, AnyChunkingGivesTheSame) {
  for (bool recurrent : {false, true}) {
    Toy toy({.recurrent = recurrent});
    Tokens tokens = someTokens(300);
    Row whole = expected(tokens, recurrent);
    for (size_t piece : {1u, 7u, 64u, 96u, 97u, 300u}) {
      Runner run(toy);
      int32_t slot = run.slot();
      Row last;
      for (size_t i = 0; i < tokens.size(); i += piece) {
        auto begin = tokens.begin() + ptrdiff_t(i);
        last = run.feed(slot, Tokens(begin, begin + ptrdiff_t(std::min(piece, tokens.size() - i))));
      }
      EXPECT_EQ(last, whole) << "pieces of " << piece;
    }
  }
}

TEST(Step, RaggedBatchesGiveTheSame) {
  Toy toy({.recurrent = true});
  for (uint32_t threads : {1u, 2u, 3u}) {
    Runner run(toy, 3, threads);
    int32_t a = run.slot(), b = run.slot(), c = run.slot();
    Tokens ta = someTokens(200, 1), tb = someTokens(31, 2), tc = someTokens(1, 3);
    Tokens tokens, slots;
    // Rows of the three, interleaved.
    for (size_t i = 0; i < ta.size(); ++i) {
      if (i < tb.size()) tokens.push_back(tb[i]), slots.push_back(b);
      tokens.push_back(ta[i]), slots.push_back(a);
      if (i < tc.size()) tokens.push_back(tc[i]), slots.push_back(c);
    }
    ASSERT_EQ(run.step(tokens, slots), LATHE_OK) << lathe_last_error();
    // In batch order of the last rows: c's came first, a's last.
    EXPECT_EQ(run.result(0), expected(tc, true));
    EXPECT_EQ(run.result(1), expected(tb, true));
    EXPECT_EQ(run.result(2), expected(ta, true));
    ASSERT_EQ(run.step({4, 5}, {c, b}), LATHE_OK);
    tc.push_back(4), tb.push_back(5);
    EXPECT_EQ(run.result(0), expected(tc, true));
    EXPECT_EQ(run.result(1), expected(tb, true));
  }
}

TEST(Step, WantedRowsOnly) {
  Toy toy;
  Runner run(toy);
  int32_t slot = run.slot();
  Tokens tokens = someTokens(6);
  uint8_t wants[6] = {0, LATHE_WANT_LOGITS, 0, 0, LATHE_WANT_LOGITS, 0};
  ASSERT_EQ(run.step(tokens, Tokens(6, slot), wants), LATHE_OK) << lathe_last_error();
  EXPECT_EQ(run.result(0), expected(Tokens(tokens.begin(), tokens.begin() + 2)));
  EXPECT_EQ(run.result(1), expected(Tokens(tokens.begin(), tokens.begin() + 5)));
  float *values;
  EXPECT_EQ(lathe_session_result(run.get(), 2, &values, nullptr), LATHE_INVALID_ARGUMENT);
}

TEST(Step, HiddenStates) {
  Toy toy;
  Runner run(toy);
  int32_t slot = run.slot();
  Tokens tokens = someTokens(120);
  std::vector<uint8_t> wants(120, LATHE_WANT_NOTHING);
  wants[3] = wants[119] = LATHE_WANT_HIDDEN;
  ASSERT_EQ(run.step(tokens, Tokens(120, slot), wants.data()), LATHE_OK) << lathe_last_error();
  EXPECT_EQ(run.result(0), expected(Tokens(tokens.begin(), tokens.begin() + 4), false, true));
  EXPECT_EQ(run.result(1), expected(tokens, false, true));
}

struct Collected {
  std::vector<std::pair<size_t, Row>> rows;
  size_t stopAfter = SIZE_MAX;
};
static int collect(void *user, size_t row, const float *values, size_t columns) {
  auto *collected = static_cast<Collected *>(user);
  collected->rows.push_back({row, Row(values, values + columns)});
  return collected->rows.size() >= collected->stopAfter;
}

TEST(Step, CallbackTakesAnyNumberOfResults) {
  Toy toy;
  Runner run(toy, 2);
  int32_t slot = run.slot();
  Tokens tokens = someTokens(50), slots(50, slot);
  std::vector<uint8_t> wants(50, LATHE_WANT_LOGITS);
  EXPECT_EQ(run.step(tokens, slots, wants.data()), LATHE_INVALID_ARGUMENT) << "50 results can't be kept";
  EXPECT_EQ(run.position(slot), 0u);
  Collected collected;
  lathe_batch batch = LATHE_INIT(lathe_batch);
  batch.rows = 50;
  batch.tokens = tokens.data();
  batch.slots = slots.data();
  batch.wants = wants.data();
  batch.result = collect;
  batch.result_user = &collected;
  ASSERT_EQ(lathe_step(run.get(), &batch), LATHE_OK) << lathe_last_error();
  ASSERT_EQ(collected.rows.size(), 50u);
  for (auto &[row, logits] : collected.rows)
    EXPECT_EQ(logits, expected(Tokens(tokens.begin(), tokens.begin() + ptrdiff_t(row) + 1)));

  // It can stop the call: what was computed stays.
  Collected stopping{{}, 7};
  batch.result_user = &stopping;
  EXPECT_EQ(lathe_step(run.get(), &batch), LATHE_CANCELLED);
  EXPECT_EQ(stopping.rows.size(), 7u);
  EXPECT_EQ(run.position(slot), 50u + 10u) << "two chunks of max_outputs rows";
}

TEST(Step, BadBatchesChangeNothing) {
  Toy toy;
  Runner run(toy, 2);
  int32_t slot = run.slot();
  EXPECT_EQ(run.step({1, int32_t(kVocabulary)}, {slot, slot}), LATHE_INVALID_ARGUMENT);
  EXPECT_NE(std::string(lathe_last_error()).find("token 17"), std::string::npos) << lathe_last_error();
  EXPECT_EQ(run.step({-1}, {slot}), LATHE_INVALID_ARGUMENT);
  EXPECT_EQ(run.step({1}, {1}), LATHE_INVALID_ARGUMENT) << "slot 1 is not taken";
  EXPECT_EQ(run.step({1}, {-1}), LATHE_INVALID_ARGUMENT);
  EXPECT_EQ(run.step({1}, {1 << 30}), LATHE_INVALID_ARGUMENT);
  uint8_t odd[] = {4}, both[] = {LATHE_WANT_LOGITS, LATHE_WANT_HIDDEN};
  EXPECT_EQ(run.step({1}, {slot}, odd), LATHE_INVALID_ARGUMENT);
  EXPECT_EQ(run.step({1, 1}, {slot, slot}, both), LATHE_INVALID_ARGUMENT);
  EXPECT_EQ(run.step(Tokens(1001, 1), Tokens(1001, slot)), LATHE_FULL);
  EXPECT_NE(std::string(lathe_last_error()).find("context is 1000"), std::string::npos) << lathe_last_error();
  EXPECT_EQ(run.position(slot), 0u);
  EXPECT_EQ(run.step({}, {}), LATHE_OK) << "nothing to do";
  lathe_batch batch = LATHE_INIT(lathe_batch);
  batch.rows = 1;
  EXPECT_EQ(lathe_step(run.get(), &batch), LATHE_INVALID_ARGUMENT);
  EXPECT_EQ(lathe_step(nullptr, &batch), LATHE_INVALID_ARGUMENT);
  EXPECT_EQ(run.feed(slot, {3}), expected({3})) << "and it still works";
}

TEST(Step, FillsTheContextToTheLastPosition) {
  Toy toy;
  Runner run(toy);
  int32_t slot = run.slot();
  Tokens tokens = someTokens(kContext);
  EXPECT_EQ(run.feed(slot, tokens), expected(tokens));
  EXPECT_EQ(run.step({1}, {slot}), LATHE_FULL);
}

TEST(Embed, MeansOfSequences) {
  Toy toy({.encoder = true});
  Runner run(toy, 1, 2);
  // More than fit into one call.
  std::vector<uint32_t> lengths = {3, 96, 1, 50, 46, 40, 96, 7};
  Tokens tokens;
  for (size_t i = 0; i < lengths.size(); ++i) {
    Tokens more = someTokens(lengths[i], uint32_t(i) + 1);
    tokens.insert(tokens.end(), more.begin(), more.end());
  }
  std::vector<float> vectors(lengths.size() * kDim);
  lathe_embed_batch batch = LATHE_INIT(lathe_embed_batch);
  batch.sequences = lengths.size();
  batch.tokens = tokens.data();
  batch.lengths = lengths.data();
  batch.vectors = vectors.data();
  ASSERT_EQ(lathe_embed(run.get(), &batch), LATHE_OK) << lathe_last_error();
  for (size_t s = 0; s < lengths.size(); ++s) {
    Tokens sequence = someTokens(lengths[s], uint32_t(s) + 1);
    for (size_t i = 0; i < kDim; ++i) {
      float sum = 0;
      for (int32_t token : sequence) sum += embeddingOf(token)[i];
      EXPECT_EQ(vectors[s * kDim + i], sum / float(lengths[s]));
    }
  }
  lengths[1] = 97;
  EXPECT_EQ(lathe_embed(run.get(), &batch), LATHE_FULL);
  lengths[1] = 0;
  EXPECT_EQ(lathe_embed(run.get(), &batch), LATHE_INVALID_ARGUMENT);
}

TEST(Embed, EncodersHaveNoLogitsButHiddenStates) {
  Toy toy({.encoder = true});
  Runner run(toy, 2);
  int32_t a = run.slot(), b = run.slot();
  EXPECT_EQ(run.step({1}, {a}), LATHE_UNSUPPORTED);
  std::vector<uint8_t> wants(120, LATHE_WANT_HIDDEN);
  Tokens tokens = someTokens(120), slots(120, a);
  std::fill(slots.begin() + 60, slots.end(), b);
  EXPECT_EQ(run.step(tokens, Tokens(120, a), wants.data()), LATHE_INVALID_ARGUMENT) << "too many to keep";
  std::fill(wants.begin(), wants.end(), LATHE_WANT_NOTHING);
  wants[5] = wants[119] = LATHE_WANT_HIDDEN;
  EXPECT_EQ(run.step(tokens, Tokens(120, a), wants.data()), LATHE_FULL) << "longer than max_rows";
  ASSERT_EQ(run.step(tokens, slots, wants.data()), LATHE_OK) << lathe_last_error();
  EXPECT_EQ(run.result(0), embeddingOf(tokens[5]));
  EXPECT_EQ(run.result(1), embeddingOf(tokens[119]));
  EXPECT_EQ(run.position(a), 0u) << "an encoder keeps nothing";
}

TEST(Embed, DecodersRefuse) {
  Toy toy;
  Runner run(toy);
  int32_t token = 1;
  uint32_t length = 1;
  float vector[kDim];
  lathe_embed_batch batch = LATHE_INIT(lathe_embed_batch);
  batch.sequences = 1;
  batch.tokens = &token;
  batch.lengths = &length;
  batch.vectors = vector;
  EXPECT_EQ(lathe_embed(run.get(), &batch), LATHE_UNSUPPORTED);
}

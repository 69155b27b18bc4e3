// Batches that want tokens.
#include "ToyModel.h"

#include <cmath>

using namespace lathe::toy;

namespace {

struct SamplerHolder {
  explicit SamplerHolder(const Toy &toy, float temperature = 0, uint64_t seed = 1, float penalty = 1) {
    lathe_sampling sampling = LATHE_INIT(lathe_sampling);
    sampling.temperature = temperature;
    sampling.seed = seed;
    sampling.repetition_penalty = penalty;
    EXPECT_EQ(lathe_sampler_create(toy.model(), &sampling, &sampler), LATHE_OK) << lathe_last_error();
  }
  ~SamplerHolder() { lathe_sampler_release(sampler); }
  lathe_draw draw() const {
    lathe_draw draw = LATHE_INIT(lathe_draw);
    draw.sampler = sampler;
    return draw;
  }
  lathe_sampler *sampler = nullptr;
};

struct Batch {
  Batch(Tokens tokens, Tokens slots, std::vector<const lathe_draw *> draws, std::vector<uint8_t> wants = {})
      : tokens(std::move(tokens)), slots(std::move(slots)), wants(std::move(wants)), draws(std::move(draws)) {
  }
  lathe_status step(const Runner &run) const {
    lathe_batch batch = LATHE_INIT(lathe_batch);
    batch.rows = tokens.size();
    batch.tokens = tokens.data();
    batch.slots = slots.data();
    batch.wants = wants.empty() ? nullptr : wants.data();
    batch.draws = draws.data();
    batch.draw_count = draws.size();
    return lathe_step(run.get(), &batch);
  }
  Tokens tokens, slots;
  std::vector<uint8_t> wants;
  std::vector<const lathe_draw *> draws;
};

int32_t tokenOf(const Runner &run, size_t index) {
  int32_t token = -1;
  EXPECT_EQ(lathe_session_token(run.get(), index, &token, nullptr), LATHE_OK) << lathe_last_error();
  return token;
}

int32_t bestOf(const Row &logits) {
  return int32_t(std::max_element(logits.begin(), logits.end()) - logits.begin());
}

/// Whether an entry finds candidates, of which there are few.
class Draw : public testing::TestWithParam<bool> {
protected:
  Toy toy{{.draws = GetParam()}};
};
INSTANTIATE_TEST_SUITE_P(Entries, Draw, testing::Bool(),
                         [](auto &info) { return info.param ? "Candidates" : "Rows"; });

} // namespace

TEST_P(Draw, GivesTheLikeliestOfEachSlot) {
  SamplerHolder greedy(toy);
  Runner run(toy, 3);
  int32_t a = run.slot(), b = run.slot(), c = run.slot();
  lathe_draw draw = greedy.draw();
  // In batch order of the last rows: b, a, c. More rows than fit a call.
  Tokens ta = someTokens(70, 1), tb = someTokens(20, 2), tc = someTokens(130, 3), tokens = tb, slots(20, b);
  tokens.insert(tokens.end(), ta.begin(), ta.end()), slots.insert(slots.end(), 70, a);
  tokens.insert(tokens.end(), tc.begin(), tc.end()), slots.insert(slots.end(), 130, c);
  ASSERT_EQ(Batch(tokens, slots, {&draw, &draw, &draw}).step(run), LATHE_OK) << lathe_last_error();
  EXPECT_EQ(tokenOf(run, 0), bestOf(expected(tb)));
  EXPECT_EQ(tokenOf(run, 1), bestOf(expected(ta)));
  EXPECT_EQ(tokenOf(run, 2), bestOf(expected(tc)));
}

TEST_P(Draw, EachRowHasItsOwnRules) {
  SamplerHolder greedy(toy), penalizing(toy, 0, 1, 1000);
  Runner run(toy);
  int32_t slot = run.slot();
  Tokens tokens = someTokens(6), two(tokens.begin(), tokens.begin() + 2);
  int32_t best = bestOf(expected(two));
  Tokens history = {best, best, 400};
  uint32_t only = 1u << 7;
  lathe_draw plain = greedy.draw(), penalized = penalizing.draw(), masked = greedy.draw();
  penalized.history = history.data();
  penalized.history_count = history.size();
  masked.allowed = &only;
  const uint8_t T = LATHE_WANT_TOKEN;
  ASSERT_EQ(Batch(tokens, Tokens(6, slot), {&penalized, &masked, &plain}, {0, T, T, 0, 0, T}).step(run),
            LATHE_OK)
      << lathe_last_error();
  EXPECT_NE(tokenOf(run, 0), best);
  EXPECT_EQ(tokenOf(run, 1), 7);
  EXPECT_EQ(tokenOf(run, 2), bestOf(expected(tokens)));
}

TEST_P(Draw, IsWhatTheSamplerDrawsFromTheLogits) {
  SamplerHolder inStep(toy, 1.5f, 7, 1.2f), apart(toy, 1.5f, 7, 1.2f);
  Runner run(toy, 2);
  int32_t a = run.slot(), b = run.slot();
  Tokens sequence = someTokens(3);
  run.feed(b, sequence);
  lathe_draw draw = inStep.draw(), other = apart.draw();
  draw.log_probability = 1;
  ASSERT_EQ(Batch(sequence, Tokens(3, a), {&draw}).step(run), LATHE_OK);
  for (int i = 0; i < 50; ++i) {
    int32_t token = -1, wanted = -1;
    float log = 0, wantedLog = 1;
    ASSERT_EQ(lathe_session_token(run.get(), 0, &token, &log), LATHE_OK) << lathe_last_error();
    Row logits = expected(sequence);
    ASSERT_EQ(lathe_sample_draw(&other, logits.data(), &wanted, &wantedLog), LATHE_OK);
    ASSERT_EQ(token, wanted) << i;
    EXPECT_NEAR(log, wantedLog, 1e-4);
    sequence.push_back(token);
    draw.history = other.history = sequence.data();
    draw.history_count = other.history_count = sequence.size();
    ASSERT_EQ(Batch({token}, {a}, {&draw}).step(run), LATHE_OK) << lathe_last_error();
  }
}

TEST_P(Draw, BadDrawsChangeNothing) {
  Toy larger({.edit = [](lathe::fb::HeaderT &header) {
    header.vocabulary = 18;
    auto &entries = header.programs[0]->entries;
    entries.erase(entries.begin() + 1);
  }});
  SamplerHolder greedy(toy), foreign(larger);
  Runner run(toy);
  int32_t slot = run.slot();
  lathe_draw good = greedy.draw(), wrong = foreign.draw(), none = good, hollow = good, unset = good;
  none.sampler = nullptr;
  hollow.history_count = 3;
  unset.struct_size = 0;
  for (const lathe_draw *bad :
       {(const lathe_draw *)nullptr, (const lathe_draw *)&wrong, (const lathe_draw *)&none,
        (const lathe_draw *)&hollow, (const lathe_draw *)&unset})
    EXPECT_EQ(Batch({1}, {slot}, {bad}).step(run), LATHE_INVALID_ARGUMENT);
  const uint8_t T = LATHE_WANT_TOKEN;
  EXPECT_EQ(Batch({1, 2}, {slot, slot}, {&good}, {T, T}).step(run), LATHE_INVALID_ARGUMENT)
      << "one draw for two";
  EXPECT_EQ(Batch({1}, {slot}, {&good, &good}).step(run), LATHE_INVALID_ARGUMENT);
  EXPECT_EQ(Batch({1}, {slot}, {&good}, {LATHE_WANT_LOGITS}).step(run), LATHE_INVALID_ARGUMENT);
  EXPECT_EQ(Batch({1}, {slot}, {}, {T}).step(run), LATHE_INVALID_ARGUMENT);
  EXPECT_EQ(Batch({1, 2}, {slot, slot}, {&good}, {LATHE_WANT_LOGITS, T}).step(run), LATHE_INVALID_ARGUMENT);
  std::vector<const lathe_draw *> many(50, &good);
  EXPECT_EQ(Batch(Tokens(50, 1), Tokens(50, slot), many, std::vector<uint8_t>(50, T)).step(run),
            LATHE_INVALID_ARGUMENT)
      << "50 tokens can't be kept";
  EXPECT_EQ(run.position(slot), 0u);
  int32_t token;
  EXPECT_EQ(lathe_session_token(run.get(), 0, &token, nullptr), LATHE_INVALID_ARGUMENT);
}

TEST_P(Draw, WhatCanNotBeDrawnIsTheRowsOwnFailure) {
  SamplerHolder greedy(toy);
  Runner run(toy);
  int32_t slot = run.slot(), token = -1;
  uint32_t nothing = 0;
  float log;
  lathe_draw plain = greedy.draw(), masked = plain;
  masked.allowed = &nothing;
  const uint8_t T = LATHE_WANT_TOKEN;
  ASSERT_EQ(Batch({1, 2}, {slot, slot}, {&masked, &plain}, {T, T}).step(run), LATHE_OK) << lathe_last_error();
  EXPECT_EQ(lathe_session_token(run.get(), 0, &token, nullptr), LATHE_INVALID_ARGUMENT);
  EXPECT_EQ(token, -1);
  EXPECT_EQ(tokenOf(run, 1), bestOf(expected({1, 2})));
  EXPECT_EQ(lathe_session_token(run.get(), 1, &token, &log), LATHE_INVALID_ARGUMENT)
      << "it was not asked for";
  EXPECT_EQ(lathe_session_token(run.get(), 2, &token, nullptr), LATHE_INVALID_ARGUMENT);
  float *logits;
  EXPECT_EQ(lathe_session_result(run.get(), 0, &logits, nullptr), LATHE_INVALID_ARGUMENT);
  EXPECT_EQ(run.position(slot), 2u);
}

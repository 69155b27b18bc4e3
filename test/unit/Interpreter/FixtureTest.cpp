// The interpreter against transformers, on a tiny random checkpoint of each kind.
#include "Model.h"

using namespace lathe;
using namespace lathe::test;
using interpreter::Batch;
using interpreter::Rows;

namespace {
constexpr int prompts = 4;
constexpr float tolerance = 1e-4f;
constexpr size_t greedyLength = 16;

class Fixture : public testing::TestWithParam<const char *> {
protected:
  Model model{fixture(GetParam())};
  Results results{fixture(GetParam())};
};
class DecoderFixture : public Fixture {};
class EncoderFixture : public Fixture {};
} // namespace

/// Whether the values that one run computes include `states` [n, T, width], in order.
static void expectHiddenStates(Model &model, const std::string &entry, const Batch &batch,
                               const Rows &states) {
  std::vector<Rows> seen;
  model.interpreter.observe = [&](mlir::Value, const Rows &rows) {
    if (rows.rows == batch.size() && rows.columns == states.columns) seen.push_back(rows);
  };
  model.run(entry, batch);
  model.interpreter.observe = nullptr;
  size_t at = 0, size = batch.size() * states.columns;
  for (size_t begin = 0; begin < states.values.size(); begin += size) {
    std::vector<float> state(states.values.begin() + begin, states.values.begin() + begin + size);
    while (at < seen.size() && difference(seen[at].values, state) > tolerance) ++at;
    ASSERT_LT(at, seen.size()) << "hidden state " << begin / size << " does not appear, or not in this order";
  }
}

TEST_P(DecoderFixture, Logits) {
  for (int prompt = 0; prompt < prompts; ++prompt) {
    Rows logits = model.run("step", Batch::sequence(results.integers(prompt, "ids")));
    EXPECT_LE(difference(logits.values, results.rows(prompt, "logits").values), tolerance)
        << "prompt " << prompt;
  }
}

TEST_P(DecoderFixture, HiddenStates) {
  for (int prompt = 0; prompt < prompts; ++prompt) {
    Batch batch = Batch::sequence(results.integers(prompt, "ids"));
    EXPECT_LE(difference(model.run("hidden", batch).values, results.rows(prompt, "hidden").values),
              tolerance);
    if (results.has(prompt, "layers"))
      expectHiddenStates(model, "step", batch, results.rows(prompt, "layers"));
  }
}

TEST_P(DecoderFixture, Greedy) {
  for (int prompt = 0; prompt < prompts; ++prompt)
    EXPECT_EQ(greedy(model, results.integers(prompt, "ids"), greedyLength),
              results.integers(prompt, "greedy"))
        << "prompt " << prompt;
}

INSTANTIATE_TEST_SUITE_P(Fixtures, DecoderFixture,
                         testing::Values("llama-f32", "llama-bf16-sharded", "llama-f16-llama3",
                                         "llama-f16-llama3-v4", "llama-f32-biases", "gpt2-f32",
                                         "gpt2-bf16-erf"));

TEST_P(EncoderFixture, Embeddings) {
  for (int prompt = 0; prompt < prompts; ++prompt) {
    Rows embedding = model.run("embed", Batch::sequence(results.integers(prompt, "ids")));
    EXPECT_LE(difference(embedding.values, results.rows(prompt, "embedding").values), tolerance)
        << "prompt " << prompt;
  }
}

TEST_P(EncoderFixture, HiddenStates) {
  for (int prompt = 0; prompt < prompts; ++prompt) {
    Batch batch = Batch::sequence(results.integers(prompt, "ids"));
    EXPECT_LE(difference(model.run("hidden", batch).values, results.rows(prompt, "hidden").values),
              tolerance);
    if (results.has(prompt, "layers"))
      expectHiddenStates(model, "embed", batch, results.rows(prompt, "layers"));
  }
}

TEST_P(EncoderFixture, SequencesOfOneBatchAreApart) {
  Batch batch;
  std::vector<float> expected;
  for (int prompt = 0; prompt < prompts; ++prompt) {
    Batch one = Batch::sequence(results.integers(prompt, "ids"), 0, prompt);
    batch.tokens.insert(batch.tokens.end(), one.tokens.begin(), one.tokens.end());
    batch.positions.insert(batch.positions.end(), one.positions.begin(), one.positions.end());
    batch.slots.insert(batch.slots.end(), one.slots.begin(), one.slots.end());
    Rows alone = model.run("embed", one);
    expected.insert(expected.end(), alone.values.begin(), alone.values.end());
  }
  EXPECT_EQ(model.run("embed", batch).values, expected);
}

INSTANTIATE_TEST_SUITE_P(Fixtures, EncoderFixture, testing::Values("bert-f32-mean", "bert-f16-cls"));

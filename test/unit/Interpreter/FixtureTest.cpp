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

  /// What `entry` gives for each prompt is the result of that name.
  void expectResults(const std::string &entry, const std::string &name);
  /// The values that `entry` computes include the hidden states of every layer, in order.
  void expectLayers(const std::string &entry);

private:
  void expectHiddenStates(const std::string &entry, const Batch &batch, const Rows &states);
};
class DecoderFixture : public Fixture {};
class EncoderFixture : public Fixture {};
} // namespace

void Fixture::expectResults(const std::string &entry, const std::string &name) {
  for (int prompt = 0; prompt < prompts; ++prompt) {
    Rows rows = model.run(entry, Batch::sequence(results.integers(prompt, "ids")));
    EXPECT_LE(difference(rows.values, results.rows(prompt, name).values), tolerance) << "prompt " << prompt;
  }
}

/// `states` is [n, T, width].
void Fixture::expectHiddenStates(const std::string &entry, const Batch &batch, const Rows &states) {
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

void Fixture::expectLayers(const std::string &entry) {
  for (int prompt = 0; prompt < prompts; ++prompt)
    if (results.has(prompt, "layers"))
      expectHiddenStates(entry, Batch::sequence(results.integers(prompt, "ids")),
                         results.rows(prompt, "layers"));
}

TEST_P(DecoderFixture, Logits) { expectResults("step", "logits"); }

TEST_P(DecoderFixture, HiddenStates) {
  expectResults("hidden", "hidden");
  expectLayers("step");
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

TEST_P(EncoderFixture, Embeddings) { expectResults("embed", "embedding"); }

TEST_P(EncoderFixture, HiddenStates) {
  expectResults("hidden", "hidden");
  expectLayers("embed");
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

// Compiled code against transformers, on a tiny random checkpoint of each kind and on trained models.
#include "Compiled.h"

#include <cmath>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

using namespace lathe;
using namespace lathe::e2e;

namespace {

/// f32 sums in another order; the interpreter keeps the same bound.
constexpr float exactTolerance = 1e-4f;

class DecoderFixture : public testing::TestWithParam<const char *> {};
class NarrowFixture : public testing::TestWithParam<const char *> {};
class EncoderFixture : public testing::TestWithParam<const char *> {};

/// Logits after each token of every prompt: in one call, and by single tokens and by uneven pieces.
void expectLogits(const Compiled &compiled, const Results &results, float tolerance) {
  for (const std::string &variant : compiled.variants()) {
    Runner runner(compiled, variant, 2);
    for (int prompt = 0; results.has(prompt, "ids"); ++prompt) {
      Tokens ids = results.integers(prompt, "ids");
      Values expected = results.floats(prompt, "logits");
      for (size_t piece : {ids.size(), size_t(1), size_t(19)}) {
        runner.restart();
        EXPECT_LE(difference(runner.stepInPieces(ids, piece), expected), tolerance)
            << variant << ", prompt " << prompt << ", " << piece << " tokens a call";
      }
    }
  }
}

/// What transformers calls last_hidden_state: in one call and, where sequences have a state, in pieces.
void expectHidden(const Compiled &compiled, const Results &results) {
  bool decoder = compiled.info().can_step;
  for (const std::string &variant : compiled.variants()) {
    Runner runner(compiled, variant);
    for (int prompt = 0; results.has(prompt, "hidden"); ++prompt) {
      Tokens ids = results.integers(prompt, "ids");
      std::vector<size_t> pieces = {ids.size()};
      if (decoder) pieces.insert(pieces.end(), {1, 19});
      for (size_t piece : pieces) {
        if (decoder) runner.restart();
        Values hidden = runner.stepInPieces(ids, piece, LATHE_WANT_HIDDEN);
        EXPECT_LE(difference(hidden, results.floats(prompt, "hidden")), exactTolerance)
            << variant << ", prompt " << prompt << ", " << piece << " tokens a call";
      }
    }
  }
}

/// Both entry points fill the same state: logits follow hidden states and the other way round.
void expectTurns(const Compiled &compiled, const Results &results) {
  Runner runner(compiled, compiled.variants().back());
  Tokens ids = results.integers(0, "ids");
  Tokens head(ids.begin(), ids.begin() + std::ptrdiff_t(ids.size() / 2)),
      tail(ids.begin() + std::ptrdiff_t(head.size()), ids.end());
  for (auto [first, second, name] : {std::tuple(LATHE_WANT_HIDDEN, LATHE_WANT_LOGITS, "logits"),
                                     {LATHE_WANT_LOGITS, LATHE_WANT_HIDDEN, "hidden"}}) {
    runner.restart();
    runner.step(head, uint8_t(first));
    Values expected = results.floats(0, name);
    expected.erase(expected.begin(),
                   expected.begin() + std::ptrdiff_t(expected.size() / ids.size() * head.size()));
    EXPECT_LE(difference(runner.step(tail, uint8_t(second)), expected), exactTolerance) << name;
  }
}

void expectGreedy(const Compiled &compiled, const Results &results) {
  for (const std::string &variant : compiled.variants()) {
    Runner runner(compiled, variant);
    for (int prompt = 0; results.has(prompt, "ids"); ++prompt) {
      Tokens expected = results.integers(prompt, "greedy");
      EXPECT_EQ(runner.greedy(results.integers(prompt, "ids"), expected.size()), expected)
          << variant << ", prompt " << prompt;
    }
  }
}

void expectEmbeddings(const Compiled &compiled, const Results &results, float tolerance) {
  for (const std::string &variant : compiled.variants()) {
    Runner runner(compiled, variant, 2);
    std::vector<Tokens> sequences;
    Values together;
    for (int prompt = 0; results.has(prompt, "ids"); ++prompt) {
      sequences.push_back(results.integers(prompt, "ids"));
      Values expected = results.floats(prompt, "embedding");
      together.insert(together.end(), expected.begin(), expected.end());
      EXPECT_LE(difference(runner.embed({sequences.back()}), expected), tolerance)
          << variant << ", prompt " << prompt;
    }
    EXPECT_LE(difference(runner.embed(sequences), together), tolerance)
        << variant << ", all prompts in one batch";
  }
}

} // namespace

TEST_P(DecoderFixture, AgreesInF32) {
  Compiled compiled(fixture(GetParam()));
  Results results(fixture(GetParam()));
  expectLogits(compiled, results, exactTolerance);
  expectHidden(compiled, results);
  expectTurns(compiled, results);
  expectGreedy(compiled, results);
}

// Keys and values in bf16 are off by at most 2^-9 of themselves each. A logit depends on them through
// weighted means and matrices that keep the scale of what they take, so its error is a small multiple of that
// share.
TEST_P(NarrowFixture, AgreesWithItsDefaultNumerics) {
  Compiled compiled(fixture(GetParam()), {});
  expectLogits(compiled, Results(fixture(GetParam())), 8.0f / 512);
}

INSTANTIATE_TEST_SUITE_P(Fixtures, DecoderFixture,
                         testing::Values("llama-f32", "llama-bf16-sharded", "llama-f16-llama3",
                                         "llama-f16-llama3-v4", "llama-f32-biases", "gpt2-f32",
                                         "gpt2-bf16-erf"));

INSTANTIATE_TEST_SUITE_P(Fixtures, NarrowFixture,
                         testing::Values("llama-bf16-sharded", "llama-f16-llama3", "gpt2-bf16-erf"));

TEST_P(EncoderFixture, AgreesInF32) {
  Compiled compiled(fixture(GetParam()));
  Results results(fixture(GetParam()));
  expectEmbeddings(compiled, results, exactTolerance);
  expectHidden(compiled, results);
}

INSTANTIATE_TEST_SUITE_P(Fixtures, EncoderFixture, testing::Values("bert-f32-mean", "bert-f16-cls"));

TEST(TrainedModel, CappGpt) {
  std::string folder = shared("capp-gpt");
  if (!std::filesystem::exists(folder)) GTEST_SKIP() << "no " << folder;
  Compiled compiled(folder);
  Results results(fixture("capp-gpt"));
  expectLogits(compiled, results, exactTolerance);
  expectGreedy(compiled, results);
}

TEST(TrainedModel, Stories260k) {
  std::string folder = shared("stories260k/hf");
  if (!std::filesystem::exists(folder)) GTEST_SKIP() << "no " << folder;
  Compiled compiled(folder);
  Results results(fixture("stories260k"));
  expectLogits(compiled, results, exactTolerance);
  expectGreedy(compiled, results);
}

TEST(TrainedModel, MiniLM) {
  const char *folder = std::getenv("LATHE_MINILM");
  if (!folder || !*folder)
    GTEST_SKIP() << "LATHE_MINILM does not name the model's folder (test/fixtures/README.md)";
  Compiled compiled(folder);
  std::ifstream file(fixture("minilm/embeddings.json"));
  nlohmann::json golden = nlohmann::json::parse(file);
  Runner runner(compiled, compiled.variants().back(), 2);
  for (const auto &sentence : golden["sentences"]) {
    Tokens ids = compiled.tokenize(sentence["text"]);
    EXPECT_EQ(ids, sentence["ids"].get<Tokens>());
    Values vector = runner.embed({ids}), expected = sentence["embedding"];
    double dot = 0, squares = 0, expectedSquares = 0;
    for (size_t i = 0; i < expected.size(); ++i) {
      dot += double(vector[i]) * expected[i];
      squares += double(vector[i]) * vector[i];
      expectedSquares += double(expected[i]) * expected[i];
    }
    EXPECT_GE(dot / std::sqrt(squares * expectedSquares), 0.9999) << sentence["text"];
  }
}

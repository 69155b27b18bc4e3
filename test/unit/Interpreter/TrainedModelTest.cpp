// The interpreter on trained models, which lie outside the tree.
#include "Model.h"

#include "Checkpoint/Json.h"

#include <cmath>
#include <nlohmann/json.hpp>

using namespace lathe;
using namespace lathe::test;
using interpreter::Batch;
using interpreter::Indices;
using interpreter::Rows;

static double negativeLogLikelihood(const Rows &logits, const Indices &ids) {
  double total = 0;
  for (size_t i = 0; i + 1 < ids.size(); ++i) {
    const float *row = logits.row(i);
    double largest = *std::max_element(row, row + logits.columns), sum = 0;
    for (int64_t n = 0; n < logits.columns; ++n) sum += std::exp(row[n] - largest);
    total -= row[ids[i + 1]] - largest - std::log(sum);
  }
  return total;
}

TEST(Stories260k, PerplexityByItsProtocol) {
  if (!std::filesystem::exists(shared("stories260k/hf"))) GTEST_SKIP() << "no stories260k in the shared data";
  Model model(shared("stories260k/hf"));
  Results results(fixture("stories260k"));
  Indices ids = results.integers(0, "ids");
  Rows logits = model.run("step", Batch::sequence(ids));
  EXPECT_LE(difference(logits.values, results.rows(0, "logits").values), 1e-4f);
  double perplexity = std::exp(negativeLogLikelihood(logits, ids) / double(ids.size() - 1));
  EXPECT_NEAR(perplexity, 4.953633, 5e-5); // to 5 digits
}

TEST(Stories260k, Greedy) {
  if (!std::filesystem::exists(shared("stories260k/hf"))) GTEST_SKIP() << "no stories260k in the shared data";
  Model model(shared("stories260k/hf"));
  Results results(fixture("stories260k"));
  for (int prompt = 0; prompt < 3; ++prompt) {
    Indices expected = results.integers(prompt, "greedy");
    EXPECT_EQ(greedy(model, results.integers(prompt, "ids"), expected.size()), expected)
        << "prompt " << prompt;
  }
}

TEST(CappGpt, LogitsAndGreedy) {
  if (!std::filesystem::exists(shared("capp-gpt"))) GTEST_SKIP() << "no capp-gpt in the shared data";
  Model model(shared("capp-gpt"));
  Results results(fixture("capp-gpt"));
  for (int prompt = 0; prompt < 3; ++prompt) {
    Indices ids = results.integers(prompt, "ids");
    Rows logits = model.run("step", Batch::sequence(ids));
    EXPECT_LE(difference(logits.values, results.rows(prompt, "logits").values), 1e-4f) << "prompt " << prompt;
    Indices expected = results.integers(prompt, "greedy");
    EXPECT_EQ(greedy(model, ids, expected.size()), expected) << "prompt " << prompt;
  }
}

TEST(MiniLm, Embeddings) {
  const char *folder = std::getenv("LATHE_MINILM");
  if (!folder || !*folder) GTEST_SKIP() << "LATHE_MINILM does not name the model's folder (see test/fixtures/README.md)";
  Model model(folder);
  auto document = readJson(fixture("minilm/embeddings.json"));
  ASSERT_TRUE(document.ok()) << document.status().message();
  for (const auto &sentence : document->at("sentences")) {
    auto expected = sentence.at("embedding").get<std::vector<float>>();
    Rows actual = model.run("embed", Batch::sequence(sentence.at("ids").get<Indices>()));
    ASSERT_EQ(actual.values.size(), expected.size());
    double dot = 0, left = 0, right = 0;
    for (size_t i = 0; i < expected.size(); ++i) {
      dot += actual.values[i] * expected[i];
      left += actual.values[i] * actual.values[i];
      right += expected[i] * expected[i];
    }
    EXPECT_GE(dot / std::sqrt(left * right), 0.9999);
  }
}

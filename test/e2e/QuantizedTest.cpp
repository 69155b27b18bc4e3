// Whole models with integer weights: the same numbers whatever runs them, and how far they may be from f32.
#include "Compiled.h"

#include <algorithm>

using namespace lathe::e2e;

namespace {

struct Case {
  const char *fixture, *weights;
  /// As a share of the logit range. Rounding to b bits is off by a third of 1 / (2^b - 2) of the largest
  /// weight of a group as a root mean square: 0.6 % of a weight's own for 8 bits, 10 % for 4; int8
  /// activations add 0.6 %. Nine matrices in a row add up as the root of their number, so to 2.6 % and 30 %
  /// of a logit's deviation; the largest of 10^4 errors lies at four deviations, and the range is seven. That
  /// is 1.5 % and 17 %; the bound leaves room for a factor of four where it is small, since random layers
  /// amplify, and of two.
  float tolerance;
};

class Quantized : public testing::TestWithParam<Case> {};

} // namespace

TEST_P(Quantized, StaysNearF32AndTheSameEverywhere) {
  Compiled compiled(fixture(GetParam().fixture), {GetParam().weights, nullptr, nullptr});
  Results results(fixture(GetParam().fixture));
  for (int prompt = 0; results.has(prompt, "ids"); ++prompt) {
    Tokens ids = results.integers(prompt, "ids");
    Values first;
    for (const std::string &variant : compiled.variants()) {
      Values logits = Runner(compiled, variant, 1).step(ids);
      EXPECT_LE(difference(logits, results.floats(prompt, "logits")), GetParam().tolerance)
          << variant << ", prompt " << prompt;
      EXPECT_EQ(Runner(compiled, variant, 2).step(ids), logits)
          << variant << " with two threads, prompt " << prompt;
      // Integer products are the same everywhere; attention and norms sum floats in the instruction set's own
      // order, which may move a value across the border between two codes.
      if (first.empty()) first = logits;
      EXPECT_LE(difference(logits, first), GetParam().tolerance) << variant << ", prompt " << prompt;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Weights, Quantized,
                         testing::Values(Case{"llama-f32", "int8", 0.06f}, Case{"llama-f32", "int4", 0.3f},
                                         Case{"llama-bf16-sharded", "int8", 0.06f},
                                         Case{"gpt2-f32", "int4", 0.3f}),
                         [](const auto &info) {
                           std::string name = std::string(info.param.fixture) + "_" + info.param.weights;
                           std::replace(name.begin(), name.end(), '-', '_');
                           return name;
                         });

#include "Runtime/Sampler.h"

#include <algorithm>
#include <cmath>
#include <gtest/gtest.h>
#include <limits>
#include <numeric>
#include <set>

using namespace lathe;

/// One draw from a row.
static Result<int32_t> draw(Sampler &sampler, const std::vector<float> &logits,
                            const std::vector<int32_t> &history = {}, TokenBits allowed = {}) {
  std::vector<uint32_t> penalized(wordsOfTokens(sampler.vocabulary()));
  assignTokens(penalized, sampler.vocabulary(), history);
  return sampler.sample(logits, {penalized, allowed}, sampler.next());
}

static std::vector<float> someLogits(size_t count, uint64_t seed) {
  Random random(seed);
  std::vector<float> logits(count);
  for (float &logit : logits) logit = static_cast<float>(random.uniform() * 8 - 4);
  return logits;
}

/// The distribution that the parameters leave, by the plainest way there is.
static std::vector<double> reference(std::vector<float> logits, const SamplingParameters &p,
                                     const std::vector<int32_t> &history) {
  for (int32_t token : std::set<int32_t>(history.begin(), history.end())) {
    float &x = logits[size_t(token)];
    x = x > 0 ? x / p.repetitionPenalty : x * p.repetitionPenalty;
  }
  std::vector<int> order(logits.size());
  std::iota(order.begin(), order.end(), 0);
  std::sort(order.begin(), order.end(), [&](int a, int b) {
    return std::pair(-logits[size_t(a)], a) < std::pair(-logits[size_t(b)], b);
  });
  if (p.topK > 0 && size_t(p.topK) < order.size()) order.resize(size_t(p.topK));
  std::vector<double> weights(logits.size(), 0.0);
  double best = logits[size_t(order[0])], total = 0;
  for (int i : order) total += weights[size_t(i)] = std::exp((logits[size_t(i)] - best) / p.temperature);
  double sum = 0;
  for (size_t n = 0; n < order.size(); ++n) {
    double weight = weights[size_t(order[n])];
    bool kept = (p.topP >= 1 || sum < p.topP * total) && weight >= p.minP;
    sum += weight;
    if (!kept) weights[size_t(order[n])] = 0;
  }
  double left = std::accumulate(weights.begin(), weights.end(), 0.0);
  for (double &weight : weights) weight /= left;
  return weights;
}

TEST(Sampler, DrawsFromTheReferenceDistribution) {
  std::vector<float> logits = someLogits(40, 7);
  std::vector<int32_t> history = {3, 3, 9, 20};
  const SamplingParameters cases[] = {
      {},
      {.temperature = 0.5f},
      {.topK = 5},
      {.topP = 0.7f},
      {.minP = 0.1f},
      {.repetitionPenalty = 1.5f},
      {.repetitionPenalty = 1.2f, .temperature = 1.3f, .topK = 20, .topP = 0.9f, .minP = 0.05f},
      {.topK = 1},
      {.topP = 1e-6f},
  };
  for (const SamplingParameters &parameters : cases) {
    Sampler sampler(parameters, 40);
    std::vector<double> want = reference(logits, parameters, history);
    std::vector<int> counts(40);
    constexpr int draws = 20000;
    for (int i = 0; i < draws; ++i) {
      auto token = draw(sampler, logits, history);
      ASSERT_TRUE(token.ok()) << token.status().message();
      ++counts[size_t(*token)];
    }
    for (size_t i = 0; i < 40; ++i) {
      if (want[i] == 0) EXPECT_EQ(counts[i], 0) << i;
      // Five standard deviations.
      EXPECT_NEAR(counts[i], draws * want[i], 5 * std::sqrt(draws * want[i] * (1 - want[i])) + 1) << i;
    }
  }
}

TEST(Sampler, GreedyTakesTheBestAndTheLowestOfEquals) {
  Sampler sampler({.temperature = 0}, 5);
  std::vector<float> logits = {1, 3, 3, -1, 2};
  EXPECT_EQ(*draw(sampler, logits), 1);
  Sampler penalized({.repetitionPenalty = 2, .temperature = 0}, 5);
  std::vector<int32_t> history = {1, 1, 2, -7, 99};
  EXPECT_EQ(*draw(penalized, logits, history), 4) << "3 / 2 < 2";
  EXPECT_EQ(*draw(penalized, logits), 1) << "the history of the call before is forgotten";
}

TEST(Sampler, TiesAtTheEdgeOfTopKGoToTheLowerId) {
  Sampler sampler({.topK = 2}, 4);
  std::vector<float> logits = {1, 1, 1, 1};
  for (int i = 0; i < 100; ++i) EXPECT_LT(*draw(sampler, logits), 2);
}

TEST(Sampler, SameSeedSameDraws) {
  std::vector<float> logits = someLogits(100, 1);
  Sampler a({.seed = 42}, 100), b({.seed = 42}, 100), c({.seed = 43}, 100);
  int same = 0;
  for (int i = 0; i < 200; ++i) {
    int32_t token = *draw(a, logits);
    EXPECT_EQ(token, *draw(b, logits));
    same += token == *draw(c, logits);
  }
  EXPECT_LT(same, 50);
}

TEST(Sampler, ExtremeValues) {
  constexpr float infinity = std::numeric_limits<float>::infinity(), top = std::numeric_limits<float>::max();
  std::vector<float> one = {-infinity, -infinity, 5, -infinity}, huge = {-top, top, 0, -infinity};
  for (SamplingParameters p : {SamplingParameters{},
                               {.topP = 0.5f},
                               {.topK = 3},
                               {.minP = 0.5f},
                               {.temperature = 0},
                               {.temperature = 1e-40f},
                               {.repetitionPenalty = 0.001f}}) {
    Sampler sampler(p, 4);
    std::vector<int32_t> history = {0, 1, 2, 3};
    EXPECT_EQ(*draw(sampler, one, history), 2);
    EXPECT_EQ(*draw(sampler, huge, history), 1);
  }
}

TEST(Sampler, NoNumbersAreRefused) {
  Sampler sampler({}, 2);
  float infinity = std::numeric_limits<float>::infinity();
  for (std::vector<float> logits :
       {std::vector<float>{NAN, 1}, {1, NAN}, {infinity, 1}, {-infinity, -infinity}, {1}})
    EXPECT_EQ(draw(sampler, logits).status().code(), Code::InvalidArgument);
}

TEST(Sampler, ParametersAreChecked) {
  EXPECT_TRUE(checkSampling({}).ok());
  for (SamplingParameters p : {SamplingParameters{.temperature = -1},
                               {.temperature = NAN},
                               {.topK = -1},
                               {.topP = 0},
                               {.topP = 1.1f},
                               {.minP = -1},
                               {.repetitionPenalty = 0},
                               {.repetitionPenalty = NAN}})
    EXPECT_EQ(checkSampling(p).code(), Code::InvalidArgument);
}

TEST(Sampler, LogProbabilitiesAddUpToOne) {
  std::vector<float> logits = someLogits(1000, 5);
  double sum = 0;
  for (int32_t i = 0; i < 1000; ++i) sum += std::exp(logProbability(logits, i));
  EXPECT_NEAR(sum, 1, 1e-12);
}

TEST(Sampler, OnlyAllowedTokensAreDrawn) {
  std::vector<float> logits = someLogits(70, 3);
  std::vector<uint32_t> allowed = {0, 1u << 5 | 1u << 9, 1u << 2};
  for (SamplingParameters p :
       {SamplingParameters{}, {.temperature = 0}, {.topK = 2}, {.topP = 0.9f}, {.minP = 0.1f}}) {
    Sampler sampler(p, 70);
    for (int i = 0; i < 50; ++i) {
      int32_t token = *draw(sampler, logits, {1, 2, 3}, allowed);
      EXPECT_TRUE(token == 37 || token == 41 || token == 66) << token;
    }
  }
  std::vector<uint32_t> none(3);
  Sampler sampler({}, 70);
  auto refused = draw(sampler, logits, {}, none);
  EXPECT_EQ(refused.status().code(), Code::InvalidArgument);
  EXPECT_NE(refused.status().message().find("allowed"), std::string::npos);
}

TEST(Random, IsXoshiro256StarStar) {
  // From the reference implementation, state filled by splitmix64 from 0.
  Random random(0);
  EXPECT_EQ(random.next(), 11091344671253066420ull);
  EXPECT_EQ(random.next(), 13793997310169335082ull);
  EXPECT_EQ(random.next(), 1900383378846508768ull);
}

// The sampler draws the same from a row and from what a device finds in it.
#include "Runtime/Sampler.h"

#include <cmath>
#include <gtest/gtest.h>
#include <limits>
#include <numeric>

using namespace lathe;

namespace {

constexpr float kInfinity = std::numeric_limits<float>::infinity();

/// Draws that are often small, often the same, sometimes minus infinity.
struct Case {
  explicit Case(Random &random) : random(random) {
    vocabulary = uint32_t(1 + random.next() % 600);
    row.resize(vocabulary);
    bool steps = random.next() % 3 == 0;
    double spread = std::pow(10, random.uniform() * 3 - 1);
    for (float &logit : row) {
      logit = float((random.uniform() - 0.5) * spread);
      if (steps) logit = std::round(logit);
      if (random.next() % 16 == 0) logit = -kInfinity;
    }
    row[random.next() % vocabulary] = 1;
    pick();
  }

  void pick() {
    float penalties[] = {1, 1.3f, 0.7f, 5, 0.01f}, temperatures[] = {0, 1, 0.3f, 2, 1e-6f};
    int32_t counts[] = {0, 1, 5, 40, 256, 300, 100000};
    float shares[] = {1, 0.9f, 0.5f, 1e-6f, 0.999f}, floors[] = {0, 0.05f, 0.5f, 1e-9f};
    parameters = {penalties[random.next() % 5], temperatures[random.next() % 5], counts[random.next() % 7],
                  shares[random.next() % 5],    floors[random.next() % 4],       random.next()};
    history.resize(random.next() % 40);
    for (int32_t &token : history) token = int32_t(random.next() % (vocabulary + 5)) - 2;
    penalized.assign(wordsOfTokens(vocabulary), 0);
    assignTokens(penalized, vocabulary, history);
    rules = {parameters.repetitionPenalty == 1 ? TokenBits() : penalized, {}};
    if (random.next() % 2) return;
    allowed.resize(penalized.size());
    for (uint32_t &word : allowed) word = uint32_t(random.next() & random.next());
    rules.allowed = allowed;
  }

  Random &random;
  uint32_t vocabulary;
  std::vector<float> row;
  SamplingParameters parameters;
  std::vector<int32_t> history;
  std::vector<uint32_t> penalized, allowed;
  TokenRules rules;
};

/// As a device finds them: penalized by its own division, summed in f32.
std::vector<float> topLogits(const Case &of, size_t count) {
  std::vector<float> penalized(of.row);
  std::vector<int32_t> order;
  float largest = -kInfinity, best = -kInfinity, temperature = of.parameters.temperature;
  if (temperature == 0) temperature = 1;
  for (int32_t i = 0; i < int32_t(of.vocabulary); ++i) {
    float &x = penalized[size_t(i)];
    largest = std::max(largest, x);
    if (!of.rules.penalized.empty() && contains(of.rules.penalized, i))
      x = x > 0 ? x / of.parameters.repetitionPenalty : x * of.parameters.repetitionPenalty;
    if (x == -kInfinity || (!of.rules.allowed.empty() && !contains(of.rules.allowed, i))) continue;
    order.push_back(i);
    best = std::max(best, x);
  }
  std::sort(order.begin(), order.end(), [&](int32_t a, int32_t b) {
    return std::pair(-penalized[size_t(a)], a) < std::pair(-penalized[size_t(b)], b);
  });
  std::vector<float> result(count, -1.f);
  result.resize(2 * count, -kInfinity);
  for (size_t i = 0; i < std::min(count, order.size()); ++i) {
    result[i] = float(order[i]);
    result[count + i] = of.row[size_t(order[i])];
  }
  float total = 0, mass = 0;
  for (int32_t i : order) total += std::exp((penalized[size_t(i)] - best) / temperature);
  for (float x : of.row) mass += std::exp(x - largest);
  result.insert(result.end(), {total, largest, mass});
  return result;
}

/// The share of the mass on each side of the draw: rounding may tip what lies within it.
bool nearAnEdge(const Case &of, double random) {
  Sampler below(of.parameters, of.vocabulary), above(of.parameters, of.vocabulary);
  auto low = below.sample(of.row, of.rules, std::max(0.0, random - 1e-5));
  auto high = above.sample(of.row, of.rules, std::min(1 - 1e-12, random + 1e-5));
  return *low != *high;
}

} // namespace

TEST(TopLogits, GiveTheTokenOfTheWholeRow) {
  Random random(11);
  int draws = 0, rows = 0, edges = 0, empty = 0;
  for (int i = 0; i < 20000; ++i) {
    Case of(random);
    size_t count = random.next() % 2 ? 256 : 8;
    std::vector<float> found = topLogits(of, count);
    TopLogits top = TopLogits::of(found);
    Sampler sampler(of.parameters, of.vocabulary);
    double number = sampler.next();
    auto fromRow = sampler.sample(of.row, of.rules, number);
    auto fromTop = sampler.sample(top, of.rules, number);
    ASSERT_EQ(fromRow.ok(), fromTop.ok())
        << i << ": " << fromRow.status().message() << fromTop.status().message();
    if (!fromRow) {
      EXPECT_EQ(fromRow.status().message(), fromTop.status().message());
      ++empty;
      continue;
    }
    const SamplingParameters &p = of.parameters;
    bool greedy = p.temperature == 0, few = p.topK > 0 && size_t(p.topK) <= count;
    if (!*fromTop) {
      EXPECT_FALSE(greedy || few) << i << ": the row was asked for";
      ++rows;
      continue;
    }
    ++draws;
    if (**fromTop != *fromRow) {
      ASSERT_FALSE(greedy) << i;
      // A sum that decides whether top-p takes one more may be rounded otherwise, too.
      EXPECT_TRUE(nearAnEdge(of, number) || p.topP < 1) << i;
      ++edges;
    }
    EXPECT_NEAR(logProbability(top, **fromTop), logProbability(of.row, **fromTop), 2e-5) << i;
  }
  EXPECT_GT(draws, 10000);
  EXPECT_GT(rows, 300);
  EXPECT_GT(empty, 10);
  EXPECT_LT(edges, draws / 1000);
}

// What is not found among the candidates is drawn from the row with the same random number: the result is as
// if the row had been there from the start.
TEST(TopLogits, OneRandomNumberADraw) {
  Random random(5);
  Case of(random);
  of.parameters = {.temperature = 1, .seed = 3};
  std::vector<float> found = topLogits(of, 4);
  Sampler whole(of.parameters, of.vocabulary), both(of.parameters, of.vocabulary);
  int rows = 0;
  for (int i = 0; i < 300; ++i) {
    auto wanted = whole.sample(of.row, of.rules, whole.next());
    double number = both.next();
    auto token = both.sample(TopLogits::of(found), of.rules, number);
    ASSERT_TRUE(token.ok());
    rows += !*token;
    EXPECT_EQ(*token ? **token : *both.sample(of.row, of.rules, number), *wanted);
  }
  EXPECT_GT(rows, 10);
}

TEST(TopLogits, WhatADeviceMayNotSayIsRefused) {
  Sampler sampler({}, 4);
  auto status = [&](std::vector<float> row) {
    return sampler.sample(TopLogits::of(row), {}, 0.5).status().code();
  };
  EXPECT_EQ(status({2, 1, -1, 5, 4, -kInfinity, 1.4f, 5, 1.4f}), Code::Ok);
  EXPECT_EQ(status({2, 4, -1, 5, 4, -kInfinity, 1.4f, 5, 1.4f}), Code::Internal) << "there is no token 4";
  EXPECT_EQ(status({2, -2, -1, 5, 4, -kInfinity, 1.4f, 5, 1.4f}), Code::Internal);
  EXPECT_EQ(status({NAN, 1, -1, 5, 4, -kInfinity, 1.4f, 5, 1.4f}), Code::Internal);
  EXPECT_EQ(status({2, 1, -1, NAN, 4, -kInfinity, 1.4f, 5, 1.4f}), Code::Internal);
  EXPECT_EQ(status({2, 1, -1, 5, 4, -kInfinity, 1.4f, 5, 0}), Code::InvalidArgument)
      << "a logit is not a number";
  EXPECT_EQ(status({-1, -1, -1, 5, 4, -kInfinity, 0, 5, 1.4f}), Code::InvalidArgument)
      << "nothing is allowed";
}

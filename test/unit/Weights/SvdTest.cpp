// Truncated decompositions against matrices whose singular values are known.
#include "Weights/Svd.h"

#include "Expressions.h"

#include <gtest/gtest.h>

using namespace lathe;

namespace {

/// sum over i of sigma(i) u_i v_i^T for random directions, made orthonormal one after another.
std::vector<float> matrixOf(int64_t rows, int64_t columns, const std::vector<double> &sigma) {
  std::mt19937 random(3);
  std::normal_distribution<double> normal;
  auto directions = [&](int64_t length) {
    std::vector<std::vector<double>> result;
    for (size_t i = 0; i < sigma.size(); ++i) {
      std::vector<double> x(length);
      for (double &value : x) value = normal(random);
      for (const auto &other : result) {
        double dot = 0;
        for (int64_t j = 0; j < length; ++j) dot += x[j] * other[j];
        for (int64_t j = 0; j < length; ++j) x[j] -= dot * other[j];
      }
      double norm = 0;
      for (double value : x) norm += value * value;
      for (double &value : x) value /= std::sqrt(norm);
      result.push_back(x);
    }
    return result;
  };
  auto u = directions(rows), v = directions(columns);
  std::vector<float> result(rows * columns);
  for (int64_t row = 0; row < rows; ++row)
    for (int64_t column = 0; column < columns; ++column) {
      double value = 0;
      for (size_t i = 0; i < sigma.size(); ++i) value += sigma[i] * u[i][row] * v[i][column];
      result[row * columns + column] = static_cast<float>(value);
    }
  return result;
}

double lost(const std::vector<float> &w, const LowRank &factors, int64_t rows, int64_t columns) {
  int64_t rank = factors.spectrum.values.size();
  double total = 0;
  for (int64_t row = 0; row < rows; ++row)
    for (int64_t column = 0; column < columns; ++column) {
      double value = w[row * columns + column];
      for (int64_t i = 0; i < rank; ++i)
        value -= double(factors.left[row * rank + i]) * factors.right[i * columns + column];
      total += value * value;
    }
  return total;
}

} // namespace

TEST(Svd, FindsTheSingularValues) {
  std::vector<double> sigma;
  for (int i = 0; i < 40; ++i) sigma.push_back(10 * std::pow(0.8, i));
  // Both ways: eigenvectors of the Gram matrix (small) and subspace iteration.
  for (auto [rows, columns] : {std::pair{60, 90}, {90, 60}, {300, 420}, {420, 300}}) {
    std::vector<float> w = matrixOf(rows, columns, sigma);
    auto factors = truncatedSvd(w, rows, columns, 12, 1, 2);
    ASSERT_TRUE(factors.ok());
    ASSERT_EQ(factors->spectrum.values.size(), 12u);
    for (int i = 0; i < 12; ++i) EXPECT_NEAR(factors->spectrum.values[i], sigma[i], 1e-4 * sigma[i]);
    double best = 0;
    for (int i = 12; i < 40; ++i) best += sigma[i] * sigma[i];
    EXPECT_NEAR(lost(w, *factors, rows, columns), best, 1e-3 * best) << rows;
    EXPECT_NEAR(1 - factors->spectrum.energy(12), best / factors->spectrum.squaredNorm, 1e-5);
  }
}

TEST(Svd, TakesTheRankFromAnEnergyShare) {
  std::vector<float> w = matrixOf(300, 400, {4, 3, 2, 1, 0.5, 0.1});
  // 16 + 9 + 4 of 30.26 are 95.8 %.
  auto factors = truncatedSvd(w, 300, 400, 300, 0.95, 2);
  ASSERT_TRUE(factors.ok());
  EXPECT_EQ(factors->spectrum.values.size(), 3u);
  EXPECT_EQ(factors->left.size(), 900u);
}

TEST(Svd, DoesNotDependOnThreads) {
  TestParams params;
  std::vector<float> w = params.addRandom("w", 310, 290);
  auto one = truncatedSvd(w, 310, 290, 20, 1, 1), three = truncatedSvd(w, 310, 290, 20, 1, 3);
  ASSERT_TRUE(one.ok() && three.ok());
  EXPECT_EQ(one->left, three->left);
  EXPECT_EQ(one->right, three->right);
}

TEST(Svd, ZerosHaveNoDirections) {
  auto factors = truncatedSvd(std::vector<float>(600 * 500), 600, 500, 4, 1, 2);
  ASSERT_TRUE(factors.ok());
  for (float value : factors->left) ASSERT_TRUE(std::isfinite(value));
  EXPECT_FALSE(truncatedSvd({1, NAN}, 1, 2, 1, 1, 1).ok());
}

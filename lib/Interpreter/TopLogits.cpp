// The likeliest tokens of a row.
#include "Interpreter/Operations.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace lathe::interpreter {

static constexpr float kInfinity = std::numeric_limits<float>::infinity(),
                       kMost = std::numeric_limits<float>::max();

static float penalize(float logit, float penalty) {
  return std::clamp(logit > 0 ? logit / penalty : logit * penalty, -kMost, kMost);
}

/// The sum of exp((x - largest) / temperature).
static float sumOfExp(const std::vector<float> &x, float largest, float temperature) {
  double sum = 0;
  for (float value : x) sum += std::exp(double((value - largest) / temperature));
  return static_cast<float>(sum);
}

static std::vector<float> topOfRow(const std::vector<float> &logits, int64_t count, const Draw &draw) {
  std::vector<std::pair<float, int32_t>> order; // smallest first is likeliest first
  std::vector<float> left;
  for (int32_t token = 0; token < static_cast<int32_t>(logits.size()); ++token) {
    auto holds = [&](const Indices &set) { return std::find(set.begin(), set.end(), token) != set.end(); };
    if (logits[token] == -kInfinity || (draw.allowed && !holds(*draw.allowed))) continue;
    left.push_back(holds(draw.penalized) ? penalize(logits[token], draw.penalty) : logits[token]);
    order.push_back({-left.back(), token});
  }
  std::vector<float> row(2 * count + 3, -kInfinity);
  std::fill_n(row.begin(), count, -1.0f);
  row[2 * count] = row[2 * count + 2] = 0;
  bool bad = false;
  for (float logit : logits) {
    bad |= std::isnan(logit) || logit == kInfinity;
    row[2 * count + 1] = std::max(row[2 * count + 1], logit);
  }
  if (bad) return row; // what else it would say means nothing
  std::sort(order.begin(), order.end());
  for (int64_t i = 0; i < std::min<int64_t>(count, order.size()); ++i) {
    row[i] = static_cast<float>(order[i].second);
    row[count + i] = logits[order[i].second];
  }
  float largest = row[2 * count + 1];
  if (!order.empty()) row[2 * count] = sumOfExp(left, -order.front().first, draw.temperature);
  if (largest != -kInfinity) row[2 * count + 2] = sumOfExp(logits, largest, 1);
  return row;
}

Rows topLogits(const Rows &logits, int64_t count, const Batch &batch) {
  Rows result(logits.rows, 2 * count + 3);
  for (int64_t m = 0; m < logits.rows; ++m) {
    Draw draw = batch.draws.empty() ? Draw() : batch.draws[m];
    std::vector<float> row = topOfRow({logits.row(m), logits.row(m) + logits.columns}, count, draw);
    std::copy(row.begin(), row.end(), result.row(m));
  }
  return result;
}

} // namespace lathe::interpreter

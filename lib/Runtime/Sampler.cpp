#include "Runtime/Sampler.h"

#include <cmath>

namespace lathe {

Status checkSampling(const SamplingParameters &p) {
  // Written so that NaN fails, too.
  if (!(p.temperature >= 0 && p.temperature <= 1000))
    return Status(Code::InvalidArgument, "temperature must lie between 0 and 1000");
  if (p.topK < 0) return Status(Code::InvalidArgument, "top_k must not be negative");
  if (!(p.topP > 0 && p.topP <= 1)) return Status(Code::InvalidArgument, "top_p must lie between 0 and 1");
  if (!(p.minP >= 0 && p.minP <= 1)) return Status(Code::InvalidArgument, "min_p must lie between 0 and 1");
  if (!(p.repetitionPenalty >= 1e-3f && p.repetitionPenalty <= 1e3f))
    return Status(Code::InvalidArgument, "repetition_penalty must lie between 0.001 and 1000");
  return {};
}

/// The mass of the `count` likeliest tokens; nothing where the list ends before.
std::optional<double> Sampler::massBeforeTopP(size_t count) {
  if (count == SIZE_MAX) return candidates_.total(parameters_.temperature);
  if (count > candidates_.size() && !candidates_.complete()) return std::nullopt;
  double mass = 0;
  for (size_t i = 0; i < std::min(count, candidates_.size()); ++i) mass += weight(i);
  return mass;
}

/// Top-k, top-p and min-p all leave a run of the likeliest. Nothing where the list ends before the run does.
std::optional<Sampler::Kept> Sampler::keep() {
  size_t most = parameters_.topK ? static_cast<size_t>(parameters_.topK) : SIZE_MAX;
  bool cutByMass = parameters_.topP<1, cutByWeight = parameters_.minP> 0;
  double enough = 0;
  if (cutByMass || !cutByWeight) {
    auto mass = massBeforeTopP(most);
    if (!mass) return std::nullopt;
    if (!cutByMass) return Kept{most, *mass};
    enough = double(parameters_.topP) * *mass;
  }
  Kept kept = {0, 0};
  for (; kept.count < most && !(cutByMass && kept.mass >= enough); ++kept.count) {
    if (kept.count == candidates_.size()) {
      if (candidates_.complete()) break;
      return std::nullopt;
    }
    double next = weight(kept.count);
    if (next < double(parameters_.minP)) break;
    kept.mass += next;
  }
  return kept;
}

std::optional<int32_t> Sampler::draw(double random) {
  if (parameters_.temperature == 0) return candidates_[0].token;
  auto kept = keep();
  if (!kept) return std::nullopt;
  double target = random * kept->mass, sum = 0;
  size_t count = std::min(kept->count, candidates_.size());
  for (size_t i = 0; i < count; ++i) {
    sum += weight(i);
    if (target < sum) return candidates_[i].token;
  }
  if (count < kept->count && !candidates_.complete()) return std::nullopt;
  // Rounding may leave the target just above the sum: take the last that has any weight.
  while (count > 1 && weight(count - 1) == 0) --count;
  return candidates_[count - 1].token;
}

Result<int32_t> Sampler::sample(std::span<const float> row, const TokenRules &rules, double random) {
  if (row.size() != vocabulary())
    return Status(Code::InvalidArgument, "the logits are not one per token of the vocabulary");
  if (Status status = candidates_.load(row, rules, parameters_.repetitionPenalty); !status.ok())
    return status;
  return *draw(random);
}

Result<std::optional<int32_t>> Sampler::sample(const TopLogits &top, const TokenRules &rules, double random) {
  if (Status status = candidates_.load(top, rules, parameters_.repetitionPenalty); !status.ok())
    return status;
  return draw(random);
}

double logProbability(std::span<const float> logits, int32_t token) {
  float best = *std::max_element(logits.begin(), logits.end());
  double sum = 0;
  for (float logit : logits) sum += std::exp(double(logit) - best);
  return double(logits[static_cast<size_t>(token)]) - best - std::log(sum);
}

double logProbability(const TopLogits &top, int32_t token) {
  auto at = std::find(top.tokens.begin(), top.tokens.end(), static_cast<float>(token)) - top.tokens.begin();
  return double(top.logits[static_cast<size_t>(at)]) - top.largest - std::log(double(top.mass));
}

} // namespace lathe

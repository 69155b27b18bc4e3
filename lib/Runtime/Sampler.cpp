#include "Runtime/Sampler.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

namespace lathe {

Random::Random(uint64_t seed) {
  for (uint64_t &word : state_) {
    uint64_t z = (seed += 0x9e3779b97f4a7c15);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    word = z ^ (z >> 31);
  }
}

static uint64_t rotateLeft(uint64_t x, int k) { return x << k | x >> (64 - k); }

uint64_t Random::next() {
  uint64_t result = rotateLeft(state_[1] * 5, 7) * 9, t = state_[1] << 17;
  state_[2] ^= state_[0];
  state_[3] ^= state_[1];
  state_[1] ^= state_[2];
  state_[0] ^= state_[3];
  state_[2] ^= t;
  state_[3] = rotateLeft(state_[3], 45);
  return result;
}

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

Sampler::Sampler(const SamplingParameters &parameters, uint32_t vocabulary)
    : parameters_(parameters), random_(parameters.seed), logits_(vocabulary), candidates_(vocabulary),
      weights_(vocabulary), seen_((size_t(vocabulary) + 63) / 64) {}

bool Sampler::likelier(int32_t a, int32_t b) const {
  float x = logits_[static_cast<size_t>(a)], y = logits_[static_cast<size_t>(b)];
  return x != y ? x > y : a < b;
}

Status Sampler::load(std::span<const float> logits) {
  float best = -std::numeric_limits<float>::infinity();
  bool bad = false;
  for (size_t i = 0; i < logits.size(); ++i) {
    float x = logits[i];
    bad |= !(x <= std::numeric_limits<float>::max());
    best = x > best ? x : best;
    logits_[i] = x;
  }
  if (bad || best == -std::numeric_limits<float>::infinity())
    return Status(Code::InvalidArgument, "the logits hold NaN or infinity, or are all minus infinity");
  return {};
}

void Sampler::penalize(std::span<const int32_t> history) {
  if (parameters_.repetitionPenalty == 1) return;
  auto known = [&](int32_t token) { return token >= 0 && static_cast<uint32_t>(token) < vocabulary(); };
  for (int32_t token : history) {
    if (!known(token)) continue;
    uint64_t &word = seen_[static_cast<size_t>(token) / 64], bit = uint64_t(1) << (token % 64);
    if (word & bit) continue;
    word |= bit;
    float &logit = logits_[static_cast<size_t>(token)];
    if (logit == -std::numeric_limits<float>::infinity()) continue;
    float changed = logit > 0 ? logit / parameters_.repetitionPenalty : logit * parameters_.repetitionPenalty;
    logit = std::clamp(changed, std::numeric_limits<float>::lowest(), std::numeric_limits<float>::max());
  }
  for (int32_t token : history)
    if (known(token)) seen_[static_cast<size_t>(token) / 64] = 0;
}

int32_t Sampler::greedy() const {
  return static_cast<int32_t>(std::max_element(logits_.begin(), logits_.end()) - logits_.begin());
}

size_t Sampler::keepTopK(size_t count) {
  auto k = static_cast<size_t>(parameters_.topK);
  if (k == 0 || k >= count) return count;
  auto begin = candidates_.begin();
  std::nth_element(begin, begin + static_cast<ptrdiff_t>(k - 1), begin + static_cast<ptrdiff_t>(count),
                   [this](int32_t a, int32_t b) { return likelier(a, b); });
  return k;
}

double Sampler::total(size_t count) const {
  double sum = 0;
  for (size_t i = 0; i < count; ++i) sum += weight(i);
  return sum;
}

size_t Sampler::keepTopP(size_t count) {
  if (parameters_.topP >= 1) return count;
  double enough = double(parameters_.topP) * total(count), sum = 0;
  // A heap gives the likeliest one by one: usually few are needed, so the vocabulary is not sorted.
  auto less = [this](int32_t a, int32_t b) { return likelier(b, a); };
  auto begin = candidates_.begin();
  std::make_heap(begin, begin + static_cast<ptrdiff_t>(count), less);
  size_t left = count;
  while (left > 0 && sum < enough) {
    std::pop_heap(begin, begin + static_cast<ptrdiff_t>(left), less);
    sum += weight(--left);
  }
  // What was popped lies at the end, likeliest last.
  std::reverse(begin, begin + static_cast<ptrdiff_t>(count));
  return count - left;
}

size_t Sampler::keepMinP(size_t count) {
  if (parameters_.minP <= 0) return count;
  auto end = std::partition(
      candidates_.begin(), candidates_.begin() + static_cast<ptrdiff_t>(count), [this](int32_t i) {
        return weights_[static_cast<size_t>(i)] >= double(parameters_.minP); // the likeliest weighs 1
      });
  return static_cast<size_t>(end - candidates_.begin());
}

int32_t Sampler::draw(size_t count) {
  double target = random_.uniform() * total(count), sum = 0;
  for (size_t i = 0; i < count; ++i) {
    sum += weight(i);
    if (target < sum) return candidates_[i];
  }
  // Rounding may leave the target just above the sum: take the last that has any weight.
  while (count > 1 && weight(count - 1) == 0) --count;
  return candidates_[count - 1];
}

Result<int32_t> Sampler::sample(std::span<const float> logits, std::span<const int32_t> history) {
  if (logits.size() != logits_.size())
    return Status(Code::InvalidArgument, "the logits are not one per token of the vocabulary");
  if (Status status = load(logits); !status.ok()) return status;
  penalize(history);
  if (parameters_.temperature == 0) return greedy();
  float best = logits_[static_cast<size_t>(greedy())];
  for (size_t i = 0; i < logits_.size(); ++i) {
    // The difference first: it is at most 0, so no temperature overflows it.
    logits_[i] = (logits_[i] - best) / parameters_.temperature;
    weights_[i] = std::exp(double(logits_[i]));
  }
  std::iota(candidates_.begin(), candidates_.end(), 0);
  size_t count = keepTopK(candidates_.size());
  count = keepTopP(count);
  count = keepMinP(count);
  return draw(count);
}

double logProbability(std::span<const float> logits, int32_t token) {
  float best = *std::max_element(logits.begin(), logits.end());
  double sum = 0;
  for (float logit : logits) sum += std::exp(double(logit) - best);
  return double(logits[static_cast<size_t>(token)]) - best - std::log(sum);
}

} // namespace lathe

// From logits to a token, on the host.
#pragma once

#include "Support/Status.h"

#include <cstdint>
#include <span>
#include <vector>

namespace lathe {

/// xoshiro256** 1.0 (Blackman and Vigna, 2018; public domain), its state filled by splitmix64 from one seed.
class Random {
public:
  explicit Random(uint64_t seed);
  uint64_t next();
  /// In [0, 1), 53 bits.
  double uniform() { return static_cast<double>(next() >> 11) * 0x1.0p-53; }

private:
  uint64_t state_[4];
};

/// As in lathe_sampling. Applied in this order, which is that of transformers.
struct SamplingParameters {
  float repetitionPenalty = 1; ///< 1: none
  float temperature = 1;       ///< 0: greedy
  int32_t topK = 0;            ///< 0: all
  float topP = 1;              ///< 1: all
  float minP = 0;              ///< 0: all
  uint64_t seed = 0;
};

/// Fails with InvalidArgument, naming the parameter.
Status checkSampling(const SamplingParameters &parameters);

/// Memory for one vocabulary, taken once. Among equal logits the lower id counts as the likelier.
class Sampler {
public:
  Sampler(const SamplingParameters &parameters, uint32_t vocabulary);

  /// `logits` has the vocabulary's size. Tokens of `history` outside it are ignored. Fails with
  /// InvalidArgument where a logit is NaN or +infinity, or all are -infinity.
  Result<int32_t> sample(std::span<const float> logits, std::span<const int32_t> history);
  uint32_t vocabulary() const { return static_cast<uint32_t>(logits_.size()); }

private:
  Status load(std::span<const float> logits);
  void penalize(std::span<const int32_t> history);
  int32_t greedy() const;
  size_t keepTopK(size_t count);
  size_t keepTopP(size_t count);
  size_t keepMinP(size_t count);
  int32_t draw(size_t count);
  double weight(size_t candidate) const { return weights_[static_cast<size_t>(candidates_[candidate])]; }
  double total(size_t count) const;
  bool likelier(int32_t a, int32_t b) const;

  SamplingParameters parameters_;
  Random random_;
  std::vector<float> logits_;
  std::vector<int32_t> candidates_; ///< the first `count` are kept
  std::vector<double> weights_;     ///< probabilities, the likeliest being 1
  std::vector<uint64_t> seen_;      ///< bitmap of tokens already penalized
};

/// log softmax(logits)[token] in nats, summed in double precision. `token` must be in range.
double logProbability(std::span<const float> logits, int32_t token);

} // namespace lathe

// From logits to a token, on the host, wherever the logits were computed.
#pragma once

#include "Runtime/Candidates.h"
#include "Runtime/Random.h"

#include <optional>

namespace lathe {

/// As in lathe_sampling. Applied in this order, which is that of transformers; the mask comes first.
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

/// Draws tokens from whole rows, or from what a device found in them: the same token, but where a sum that
/// was rounded otherwise tips the balance (README.md). Memory for one vocabulary, taken once. Among equal
/// logits the lower id counts as the likelier.
class Sampler {
public:
  Sampler(const SamplingParameters &parameters, uint32_t vocabulary)
      : parameters_(parameters), random_(parameters.seed), candidates_(vocabulary) {}

  /// The random number of one draw. It is taken before, so that a draw which needs the row after all begins
  /// with the same one.
  double next() { return parameters_.temperature == 0 ? 0 : random_.uniform(); }

  /// `row` has the vocabulary's size. Fails with InvalidArgument where a logit is NaN or +infinity, or where
  /// no token is left to draw.
  Result<int32_t> sample(std::span<const float> row, const TokenRules &rules, double random);
  /// Nothing where the draw needs the row. Fails as above.
  Result<std::optional<int32_t>> sample(const TopLogits &top, const TokenRules &rules, double random);

  const SamplingParameters &parameters() const { return parameters_; }
  uint32_t vocabulary() const { return candidates_.vocabulary(); }

private:
  struct Kept {
    size_t count; ///< of the likeliest
    double mass;
  };
  std::optional<Kept> keep();
  std::optional<double> massBeforeTopP(size_t count);
  std::optional<int32_t> draw(double random);
  double weight(size_t index) { return candidates_.weight(candidates_[index], parameters_.temperature); }

  SamplingParameters parameters_;
  Random random_;
  Candidates candidates_;
};

/// log softmax(logits)[token] in nats, summed in double precision. `token` must be in range.
double logProbability(std::span<const float> logits, int32_t token);
/// The same by a device's sums, for a token that it found.
double logProbability(const TopLogits &top, int32_t token);

} // namespace lathe

// Rotary position embedding (RoPE, https://arxiv.org/abs/2104.09864) as configurations describe it.
#pragma once

#include "Checkpoint/Config.h"

#include <cstdint>
#include <vector>

namespace lathe {

struct Rope {
  enum class Scaling {
    None,   ///< "default"
    Linear, ///< all frequencies divided by `factor`
    Llama3, ///< long wavelengths divided by `factor`, short ones kept, a ramp between
  };
  double theta = 10000;
  Scaling scaling = Scaling::None;
  double factor = 1;
  double lowFreqFactor = 1; ///< Llama3 only, as are the next two
  double highFreqFactor = 4;
  int64_t originalMaxPositions = 0;
  bool operator==(const Rope &) const = default;

  /// The headDim / 2 angles per position, in the single precision that transformers computes them in:
  /// theta^(-2i / headDim), scaled.
  std::vector<float> inverseFrequencies(int64_t headDim) const;
};

/// Reads both spellings: "rope_theta" with "rope_scaling" (transformers 4), and "rope_parameters"
/// (transformers 5). Records an error on `config` for kinds of scaling other than the three, for rotation of
/// a part of a head, and for two descriptions that disagree.
Rope readRope(Config &config, int64_t maxPositions);

} // namespace lathe

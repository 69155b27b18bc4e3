// The configuration of GPT-2 and models of its architecture ("model_type": "gpt2").
#pragma once

#include "Checkpoint/Activation.h"

#include <cstdint>

namespace lathe {

struct Gpt2Config {
  int64_t vocabSize = 0;
  int64_t hiddenSize = 0;       ///< n_embd
  int64_t intermediateSize = 0; ///< n_inner, or 4 * hiddenSize
  int64_t layers = 0;
  int64_t heads = 0;
  int64_t headDim = 0;      ///< hiddenSize / heads
  int64_t maxPositions = 0; ///< rows of the learned position embedding
  double normEps = 0;
  Activation activation = Activation::GeluTanh;
  bool tieWordEmbeddings = true;
  bool scaleAttention = true;                ///< scores are divided by √headDim
  bool scaleAttentionByInverseLayer = false; ///< and by the layer's number, from 1 on

  /// What the scores of a layer (from 0 on) are multiplied by.
  double attentionScale(int64_t layer) const;

  /// Reads and checks all keys; see Config::finish() for what is left over. Defaults are those of
  /// transformers.
  static Result<Gpt2Config> read(Config config);
};

} // namespace lathe

// The configuration of the Llama family: Llama 2 and 3, TinyLlama, SmolLM and others with "model_type":
// "llama".
#pragma once

#include "Checkpoint/Activation.h"
#include "Checkpoint/Rope.h"

#include <cstdint>

namespace lathe {

struct LlamaConfig {
  int64_t vocabSize = 0;
  int64_t hiddenSize = 0;
  int64_t intermediateSize = 0;
  int64_t layers = 0;
  int64_t heads = 0;
  int64_t kvHeads = 0; ///< divides heads
  int64_t headDim = 0; ///< even; heads * headDim may differ from hiddenSize
  int64_t maxPositions = 0;
  double normEps = 0;
  Activation activation = Activation::Silu;
  bool tieWordEmbeddings = false; ///< the head is the embedding; there is no lm_head.weight
  bool attentionBias = false;     ///< on q, k, v and o
  bool mlpBias = false;           ///< on gate, up and down
  Rope rope;

  /// Reads and checks all keys; see Config::finish() for what is left over. Defaults are those of
  /// transformers.
  static Result<LlamaConfig> read(Config config);
};

} // namespace lathe

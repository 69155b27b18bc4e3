// The configuration of BERT-class encoders ("model_type": "bert"): BERT, MiniLM, BGE, E5 and others.
#pragma once

#include "Checkpoint/Activation.h"

#include <cstdint>

namespace lathe {

struct BertConfig {
  int64_t vocabSize = 0;
  int64_t hiddenSize = 0;
  int64_t intermediateSize = 0;
  int64_t layers = 0;
  int64_t heads = 0;
  int64_t headDim = 0;       ///< hiddenSize / heads
  int64_t maxPositions = 0;  ///< rows of the learned position embedding
  int64_t typeVocabSize = 0; ///< rows of the token type embedding
  double normEps = 0;
  Activation activation = Activation::Gelu;

  /// Reads and checks all keys; see Config::finish() for what is left over. Defaults are those of
  /// transformers.
  static Result<BertConfig> read(Config config);
};

} // namespace lathe

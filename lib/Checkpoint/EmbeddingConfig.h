// How a sentence-transformers folder makes one vector of a text: modules.json names a pipeline (the encoder,
// a pooling, perhaps a normalization), the pooling's folder says which kind.
#pragma once

#include "Support/Status.h"

#include <cstdint>
#include <optional>
#include <string>

namespace lathe {

enum class Pooling {
  Mean,      ///< mean of the hidden states of all tokens
  Cls,       ///< the hidden state of the first token
  Max,       ///< maximum over all tokens, feature by feature
  LastToken, ///< the hidden state of the last token
};

struct EmbeddingConfig {
  Pooling pooling = Pooling::Mean;
  bool normalize = false;           ///< divide by the Euclidean norm
  std::optional<int64_t> maxTokens; ///< longer texts are cut to it, special tokens included
  bool lowercase = false;           ///< lowercase the text before it goes to the tokenizer
  bool declared =
      false; ///< whether the folder has modules.json, or these are the defaults for a plain encoder

  /// Reads modules.json, the pooling's config.json and sentence_bert_config.json under `folder`. Without
  /// modules.json it is what sentence-transformers does with a plain encoder: mean, not normalized. Errors:
  /// Unsupported for other modules (Dense …), for several poolings at once and for a default prompt; Corrupt
  /// for malformed files.
  static Result<EmbeddingConfig> read(const std::string &folder);
};

} // namespace lathe

// Vectors of texts, many texts in a call.
#pragma once

#include "Runtime.h"

namespace lathe::tool {

struct Embeddings {
  size_t columns = 0;
  std::vector<size_t> tokens; ///< of each text
  std::vector<float> vectors; ///< [texts][columns]
  const float *of(size_t text) const { return vectors.data() + text * columns; }
  double norm(size_t text) const;
  double cosine(size_t a, size_t b) const;
};

/// Throws Failure where a text has no tokens or too many.
Embeddings embed(lathe_model *model, lathe_session *session, const std::vector<std::string> &texts,
                 bool quiet);

} // namespace lathe::tool

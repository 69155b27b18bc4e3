#include "Embeddings.h"

#include "Command.h"
#include "Output.h"
#include "Progress.h"
#include "Text.h"

#include <algorithm>
#include <cmath>

namespace lathe::tool {

static double dot(const float *a, const float *b, size_t count) {
  double sum = 0;
  for (size_t i = 0; i < count; ++i) sum += double(a[i]) * double(b[i]);
  return sum;
}

double Embeddings::norm(size_t text) const { return std::sqrt(dot(of(text), of(text), columns)); }

double Embeddings::cosine(size_t a, size_t b) const {
  return dot(of(a), of(b), columns) / (norm(a) * norm(b));
}

Embeddings embed(lathe_model *model, lathe_session *session, const std::vector<std::string> &texts,
                 bool quiet) {
  Embeddings result;
  result.columns = infoOf(model).embedding_columns;
  result.vectors.resize(texts.size() * result.columns);
  lathe_session_info info = infoOf(session);
  uint32_t most = std::min(info.context, info.max_rows);
  Progress progress(quiet);
  constexpr size_t together = 64;
  for (size_t first = 0; first < texts.size(); first += together) {
    std::vector<int32_t> tokens;
    std::vector<uint32_t> lengths;
    for (size_t i = first; i < std::min(first + together, texts.size()); ++i) {
      std::vector<int32_t> one = tokenize(model, texts[i], LATHE_ADD_SPECIAL);
      if (one.empty()) throw Failure{format("text %zu has no tokens", i + 1)};
      if (one.size() > most)
        throw Failure{
            format("text %zu has %zu tokens, this model takes %u: shorten it", i + 1, one.size(), most)};
      tokens.insert(tokens.end(), one.begin(), one.end());
      lengths.push_back(uint32_t(one.size()));
      result.tokens.push_back(one.size());
    }
    lathe_embed_batch batch = LATHE_INIT(lathe_embed_batch);
    batch.sequences = lengths.size();
    batch.tokens = tokens.data();
    batch.lengths = lengths.data();
    batch.vectors = result.vectors.data() + first * result.columns;
    check(lathe_embed(session, &batch));
    progress.update("embedding", first + lengths.size(), texts.size());
  }
  return result;
}

} // namespace lathe::tool

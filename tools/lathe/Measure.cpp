#include "Measure.h"

#include <algorithm>
#include <chrono>

namespace lathe::tool {

double Rates::median() const {
  std::vector<double> sorted = rounds;
  std::sort(sorted.begin(), sorted.end());
  return (sorted[(sorted.size() - 1) / 2] + sorted[sorted.size() / 2]) / 2;
}
double Rates::least() const { return *std::min_element(rounds.begin(), rounds.end()); }
double Rates::most() const { return *std::max_element(rounds.begin(), rounds.end()); }

Measure::Measure(lathe_model *model, lathe_session *session, size_t longest)
    : info_(infoOf(model)), session_(session) {
  uint64_t state = 1;
  for (size_t i = 0; i < longest; ++i) {
    state = state * 6364136223846793005u + 1442695040888963407u;
    tokens_.push_back(int32_t((state >> 33) % info_.vocabulary));
  }
  vector_.resize(info_.embedding_columns);
  if (!info_.can_step) return;
  sampler_ = createSampler(model, defaultSampling(model));
  sequence_.emplace(session, sampler_.get());
}

template <typename Work> double Measure::timed(size_t tokens, Work work) {
  auto start = std::chrono::steady_clock::now();
  work();
  return double(tokens) / std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

double Measure::prefill(size_t tokens) {
  if (!sequence_) return timed(tokens, [&] { embed(tokens); });
  sequence_->clear();
  return timed(tokens, [&] { step(0, tokens); });
}

double Measure::decode(size_t context, size_t tokens) {
  sequence_->clear();
  if (context) step(0, context);
  return timed(tokens, [&] {
    for (size_t i = 0; i < tokens; ++i) step(context + i, 1);
  });
}

void Measure::step(size_t first, size_t count) {
  check(sequence_->step(std::span(tokens_).first(first + count), count));
}

void Measure::embed(size_t count) {
  lathe_embed_batch batch = LATHE_INIT(lathe_embed_batch);
  uint32_t length = uint32_t(count);
  batch.sequences = 1;
  batch.tokens = tokens_.data();
  batch.lengths = &length;
  batch.vectors = vector_.data();
  check(lathe_embed(session_, &batch));
}

} // namespace lathe::tool

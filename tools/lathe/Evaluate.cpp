#include "Evaluate.h"

#include "Command.h"

#include <algorithm>
#include <cmath>

namespace lathe::tool {

std::vector<Window> cutWindows(const std::vector<int32_t> &prefix, const std::vector<int32_t> &body,
                               size_t context, size_t stride) {
  std::vector<Window> windows;
  size_t room = context - prefix.size(), scored = 0;
  for (size_t begin = 0; scored < body.size(); begin += stride) {
    size_t end = std::min(begin + room, body.size());
    Window window{prefix, std::max<size_t>(1, prefix.size() + scored - begin)};
    window.tokens.insert(window.tokens.end(), body.begin() + std::ptrdiff_t(begin),
                         body.begin() + std::ptrdiff_t(end));
    if (window.firstScored < window.tokens.size()) windows.push_back(std::move(window));
    scored = end;
  }
  return windows;
}

double logSumExp(const float *values, size_t count) {
  double most = *std::max_element(values, values + count), sum = 0;
  for (size_t i = 0; i < count; ++i) sum += std::exp(double(values[i]) - most);
  return most + std::log(sum);
}

Predictor::Predictor(const std::string &artifact, const SessionFlags &flags, bool quiet)
    : model_(openModel(artifact)) {
  if (!infoOf(model_.get()).can_step) throw Failure{artifact + ": this model has no logits; use lathe embed"};
  session_ = createSession(model_.get(), flags, quiet);
  check(lathe_slot_create(session_.get(), &slot_));
}

void Predictor::restart() { check(lathe_slot_truncate(session_.get(), slot_, 0)); }

void Predictor::feed(const int32_t *tokens, size_t count, size_t firstWanted, const Take &take) {
  slots_.assign(count, slot_);
  wants_.assign(count, LATHE_WANT_LOGITS);
  std::fill_n(wants_.begin(), std::min(firstWanted, count), LATHE_WANT_NOTHING);
  lathe_batch batch = LATHE_INIT(lathe_batch);
  batch.rows = count;
  batch.tokens = tokens;
  batch.slots = slots_.data();
  batch.wants = wants_.data();
  batch.result = [](void *user, size_t row, const float *logits, size_t columns) {
    (*static_cast<const Take *>(user))(row, logits, columns);
    return 0;
  };
  batch.result_user = const_cast<Take *>(&take);
  check(lathe_step(session_.get(), &batch));
}

namespace {

/// Takes a window chunk by chunk, so that the reference's logits of a chunk are all that is held.
class Scorer {
public:
  Scorer(Predictor &model, Predictor *reference, Scores &scores)
      : model_(model), reference_(reference), scores_(scores) {
    constexpr size_t heldBytes = 256u << 20;
    columns_ = infoOf(model.model()).vocabulary;
    chunk_ = reference ? std::clamp<size_t>(heldBytes / (columns_ * sizeof(float)), 16, 512) : SIZE_MAX;
  }

  void take(const Window &window) {
    model_.restart();
    if (reference_) reference_->restart();
    size_t rows = window.tokens.size() - 1; // nothing is asked of the last token
    for (size_t first = 0; first < rows; first += std::min(chunk_, rows - first))
      takeChunk(window, first, std::min(chunk_, rows - first));
  }

private:
  void takeChunk(const Window &window, size_t first, size_t count) {
    const int32_t *tokens = window.tokens.data() + first;
    // Row i predicts token i + 1.
    size_t wanted = std::min(count, window.firstScored - 1 > first ? window.firstScored - 1 - first : 0);
    if (reference_) held_.resize(count * columns_);
    if (reference_)
      reference_->feed(tokens, count, wanted, [&](size_t row, const float *logits, size_t columns) {
        std::copy_n(logits, columns, held_.begin() + std::ptrdiff_t(row * columns));
      });
    // Rows come in no particular order; the results are in that of the text.
    size_t base = scores_.nll.size();
    scores_.nll.resize(base + count - wanted);
    if (reference_) {
      scores_.referenceNll.resize(base + count - wanted);
      scores_.divergence.resize(base + count - wanted);
    }
    model_.feed(tokens, count, wanted, [&](size_t row, const float *logits, size_t columns) {
      size_t target = size_t(tokens[row + 1]), index = base + row - wanted;
      double norm = logSumExp(logits, columns);
      scores_.nll[index] = norm - logits[target];
      if (reference_) compare(index, held_.data() + row * columns, logits, norm, columns, target);
    });
  }

  void compare(size_t index, const float *reference, const float *logits, double norm, size_t columns,
               size_t target) {
    double referenceNorm = logSumExp(reference, columns), divergence = 0;
    for (size_t i = 0; i < columns; ++i) {
      double logP = reference[i] - referenceNorm, logQ = logits[i] - norm;
      divergence += std::exp(logP) * (logP - logQ);
    }
    scores_.referenceNll[index] = referenceNorm - reference[target];
    scores_.divergence[index] = divergence;
    auto top = [&](const float *values) { return std::max_element(values, values + columns) - values; };
    scores_.sameTop += top(reference) == top(logits);
  }

  Predictor &model_;
  Predictor *reference_;
  Scores &scores_;
  size_t columns_, chunk_;
  std::vector<float> held_;
};

} // namespace

Scores score(Predictor &model, Predictor *reference, const std::vector<Window> &windows,
             const std::function<void(size_t)> &progress) {
  Scores scores;
  Scorer scorer(model, reference, scores);
  for (const Window &window : windows) {
    scorer.take(window);
    progress(scores.nll.size());
  }
  for (double nll : scores.nll)
    if (!std::isfinite(nll)) throw Failure{"the model gives logits that are not numbers"};
  return scores;
}

} // namespace lathe::tool

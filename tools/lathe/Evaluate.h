// How well a model predicts a text: the protocol of perplexity, and the distance between two models.
#pragma once

#include "Runtime.h"

#include <functional>

namespace lathe::tool {

/// A stretch of text that the model sees at once. Tokens from `firstScored` on count, each given all before
/// it in here.
struct Window {
  std::vector<int32_t> tokens;
  size_t firstScored;
};

/// Cuts `body` into windows of at most `context` tokens, each begun with `prefix`. Windows start `stride`
/// tokens of the body apart; a token that several windows hold is scored in the first of them. A window's
/// very first token has no past and is never scored.
std::vector<Window> cutWindows(const std::vector<int32_t> &prefix, const std::vector<int32_t> &body,
                               size_t context, size_t stride);

/// log Σ exp(values), in double precision. Not finite where the values are no numbers.
double logSumExp(const float *values, size_t count);

/// One model in one session with one slot.
class Predictor {
public:
  Predictor(const std::string &artifact, const SessionFlags &flags, bool quiet);
  lathe_model *model() const { return model_.get(); }
  lathe_session *session() const { return session_.get(); }

  void restart();
  /// Appends tokens and hands the logits after each of those at or behind `firstWanted` to `take`, in no
  /// particular order.
  using Take = std::function<void(size_t row, const float *logits, size_t columns)>;
  void feed(const int32_t *tokens, size_t count, size_t firstWanted, const Take &take);

private:
  ModelPtr model_;
  SessionPtr session_;
  int32_t slot_ = -1;
  std::vector<int32_t> slots_;
  std::vector<uint8_t> wants_;
};

struct Scores {
  std::vector<double> nll;          ///< of each scored token, in nats
  std::vector<double> referenceNll; ///< the rest: with a reference only
  std::vector<double> divergence;   ///< KL(reference ‖ model) of each predicted distribution, in nats
  size_t sameTop = 0;               ///< predictions whose likeliest token is the reference's
};

/// Runs the windows through `model`, and through `reference` (may be null) beside it. `progress` gets scored
/// tokens.
Scores score(Predictor &model, Predictor *reference, const std::vector<Window> &windows,
             const std::function<void(size_t done)> &progress);

} // namespace lathe::tool

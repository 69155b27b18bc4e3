// How fast a model takes tokens: many in one call, and one by one.
#pragma once

#include "Sequence.h"

#include <optional>

namespace lathe::tool {

/// Rates of the rounds of one test, in tokens per second.
struct Rates {
  std::vector<double> rounds;
  double median() const;
  double least() const;
  double most() const;
};

/// Runs tests on one sequence of tokens that look random: the work does not depend on which they are. Behind
/// every call a token is drawn as `lathe run` does, with the checkpoint's own settings, and left aside.
class Measure {
public:
  /// At most `longest` tokens in one test.
  Measure(lathe_model *model, lathe_session *session, size_t longest);

  /// `tokens` in one call, on an empty sequence: tokens per second.
  double prefill(size_t tokens);
  /// `tokens` one by one, behind `context` others, which do not count.
  double decode(size_t context, size_t tokens);

private:
  template <typename Work> double timed(size_t tokens, Work work);
  void step(size_t first, size_t count);
  void embed(size_t count);

  lathe_model_info info_;
  lathe_session *session_;
  SamplerPtr sampler_;
  std::optional<Sequence> sequence_; ///< none in encoders
  std::vector<int32_t> tokens_;
  std::vector<float> vector_;
};

} // namespace lathe::tool

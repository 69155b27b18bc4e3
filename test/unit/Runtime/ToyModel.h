// A tiny language model as an artifact, the session that runs it, and what it must compute.
#pragma once

#include "../Artifact/SampleArtifact.h"
#include "ToyShape.h"
#include "lathe/runtime.h"

#include <functional>
#include <gtest/gtest.h>
#include <string>
#include <vector>

namespace lathe::toy {

using Tokens = std::vector<int32_t>;
using Row = std::vector<float>;

struct ToyOptions {
  bool recurrent = false; ///< has a fixed-size state, too
  bool draws = false;     ///< an entry finds candidates
  bool encoder = false;   ///< no state, no logits: entries "embed" and "hidden"
  test::Bytes tokenizer = {};
  /// Changes the header before it is written.
  std::function<void(fb::HeaderT &)> edit = {};
  /// Adds programs for other devices, and their code.
  std::function<void(fb::HeaderT &, std::vector<CodeImage> &)> add = {};
};

/// An opened toy. Fails the test where it can't be made.
class Toy {
public:
  explicit Toy(const ToyOptions &options = {});
  ~Toy() { lathe_model_release(model_); }
  Toy(const Toy &) = delete;
  lathe_model *model() const { return model_; }
  const std::string &path() const { return file_.path; }

private:
  test::TemporaryFile file_{"lathe-toy"};
  lathe_model *model_ = nullptr;
};

/// A session's status and message; the session is released again.
lathe_status openSession(const Toy &toy, const char *device, std::string &message,
                         lathe_session_options options = LATHE_INIT(lathe_session_options));

/// A session with short names for what tests do.
class Runner {
public:
  explicit Runner(const Toy &toy, uint32_t slots = 1, uint32_t threads = 1, uint64_t poolPositions = 0,
                  const char *device = nullptr);
  ~Runner() { lathe_session_release(session_); }
  Runner(const Runner &) = delete;
  lathe_session *get() const { return session_; }

  int32_t slot();
  int32_t fork(int32_t source);
  uint32_t position(int32_t slot) const;
  /// Appends `tokens`; the logits after the last of them.
  Row feed(int32_t slot, const Tokens &tokens);
  lathe_status step(const Tokens &tokens, const Tokens &slots, const uint8_t *wants = nullptr);
  Row result(size_t index) const;

private:
  lathe_session *session_ = nullptr;
};

/// `count` tokens that look random.
Tokens someTokens(size_t count, uint32_t seed = 1);
/// The logits after `tokens`, by the formulas in ToyKernels.cpp; the hidden state with `hidden`.
Row expected(const Tokens &tokens, bool recurrent = false, bool hidden = false);
Row embeddingOf(int32_t token);
/// Values of one device may differ from another's in the last bits.
void expectNear(const Row &values, const Row &wanted);

/// Splits the head of a GPU's program in two: its class for one row leaves a logit in each item's scratch,
/// and a join of one item a row of 32 threads gathers them. The class for more rows remains as it is.
void splitHead(fb::ProgramT &program);

} // namespace lathe::toy

// A checkpoint compiled to a temporary artifact and run through the C interface, beside what transformers
// computed for it.
#pragma once

#include "Checkpoint/Safetensors.h"
#include "lathe/compiler.h"

#include <gtest/gtest.h>
#include <string>
#include <vector>

namespace lathe::e2e {

using Tokens = std::vector<int32_t>;
using Values = std::vector<float>;

/// How to compile; null is the compiler's default, as in lathe_compile_options.
struct Numerics {
  const char *weights = nullptr;
  const char *activations = nullptr;
  const char *cache = nullptr;
};
/// All arithmetic and the cache in f32, weights as they are stored: what transformers computed, in another
/// order.
constexpr Numerics exact{nullptr, "f32", "f32"};

/// A compiled and opened model; throws, which fails the test, where that is not possible.
class Compiled {
public:
  explicit Compiled(const std::string &folder, Numerics numerics = exact);
  ~Compiled();
  Compiled(const Compiled &) = delete;
  lathe_model *model() const { return model_; }
  lathe_model_info info() const;
  /// Names of the code variants that this machine runs.
  std::vector<std::string> variants() const;
  /// With the tokens that the checkpoint puts around a text.
  Tokens tokenize(const std::string &text) const;

private:
  std::string path_;
  lathe_model *model_ = nullptr;
};

/// A session with one slot.
class Runner {
public:
  Runner(const Compiled &compiled, const std::string &variant, uint32_t threads = 1);
  ~Runner() { lathe_session_release(session_); }
  Runner(const Runner &) = delete;

  /// Forgets all tokens.
  void restart();
  /// Appends tokens: [tokens][columns], the logits or the hidden state after each.
  Values step(const Tokens &tokens, uint8_t want = LATHE_WANT_LOGITS);
  /// The same by calls of `piece` tokens each.
  Values stepInPieces(const Tokens &tokens, size_t piece, uint8_t want = LATHE_WANT_LOGITS);
  /// The ids that follow a prompt, by largest logit.
  Tokens greedy(const Tokens &prompt, size_t count);
  /// [sequences][embedding_columns]
  Values embed(const std::vector<Tokens> &sequences);

private:
  lathe_model_info info_;
  lathe_session *session_ = nullptr;
  int32_t slot_ = 0;
};

/// A results.safetensors (test/fixtures/README.md).
class Results {
public:
  explicit Results(const std::string &folder);
  bool has(int prompt, const std::string &name) const;
  Tokens integers(int prompt, const std::string &name) const;
  Values floats(int prompt, const std::string &name) const;

private:
  Safetensors file_;
};

std::string fixture(const std::string &name);
/// Of the data beside the source tree.
std::string shared(const std::string &name);

/// The largest difference as a share of the range of `expected`; infinite where sizes differ or values are no
/// numbers.
float difference(const Values &actual, const Values &expected);

} // namespace lathe::e2e

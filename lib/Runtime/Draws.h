// The tokens that a batch has drawn, and how.
#pragma once

#include "Artifact/KernelABI.h"
#include "Runtime/Memory.h"
#include "Runtime/Sampler.h"

#include <vector>

namespace lathe {

/// As lathe_draw in lathe/runtime.h.
struct Draw {
  Sampler *sampler = nullptr;
  std::span<const int32_t> history;
  TokenBits allowed;           ///< empty: all
  bool logProbability = false; ///< is wanted, too
};

struct DrawnToken {
  Status status;
  int32_t token = -1;
  std::optional<double> logProbability; ///< where it was wanted
};

/// The draws of one call, output by output. Memory is reserved once.
class DrawTables {
public:
  static Result<DrawTables> create(uint32_t maxOutputs, uint32_t vocabulary);
  static uint64_t historyBytes(uint32_t vocabulary) { return wordsOfTokens(vocabulary) * sizeof(uint32_t); }

  struct Output {
    Draw draw;
    TokenRules rules;
    size_t number; ///< the caller's name for the draw
  };
  void clear() {
    outputs_.clear();
    kernelDraws_.clear();
  }
  void add(const Draw &draw, size_t number);
  std::span<const Output> outputs() const { return outputs_; }
  /// The same for kernels: pointers are the host's.
  const KernelDraw *kernelDraws() const { return kernelDraws_.data(); }

private:
  uint32_t vocabulary_ = 0;
  std::vector<Output> outputs_;
  std::vector<KernelDraw> kernelDraws_;
  Region histories_; ///< a set of tokens for each output
};

} // namespace lathe

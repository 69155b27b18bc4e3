// One sequence of a session, taken on step by step, each of which draws the token that comes next.
#pragma once

#include "Runtime.h"

#include <span>

namespace lathe::tool {

class Sequence {
public:
  /// Empty. The sampler lives longer.
  Sequence(lathe_session *session, lathe_sampler *sampler);
  ~Sequence();
  Sequence(const Sequence &) = delete;

  /// Appends the last `count` of `tokens`, which are all that the sequence then has, and draws.
  lathe_status step(std::span<const int32_t> tokens, size_t count);
  /// What the last step drew.
  int32_t token() const;
  void clear();

private:
  lathe_session *session_;
  lathe_sampler *sampler_;
  int32_t slot_ = -1;
  std::vector<int32_t> slots_;
};

} // namespace lathe::tool

// Sets of tokens, a bit each.
#pragma once

#include <algorithm>
#include <cstdint>
#include <span>

namespace lathe {

/// Bit `token % 32` of word `token / 32`, as in lathe_draw and KernelDraw.
using TokenBits = std::span<const uint32_t>;

inline size_t wordsOfTokens(uint32_t vocabulary) { return (size_t(vocabulary) + 31) / 32; }

inline bool contains(TokenBits bits, int32_t token) {
  return bits[static_cast<size_t>(token) / 32] >> (token % 32) & 1;
}

/// Makes `bits` the set of `tokens`; those outside the vocabulary are ignored.
inline void assignTokens(std::span<uint32_t> bits, uint32_t vocabulary, std::span<const int32_t> tokens) {
  std::fill(bits.begin(), bits.end(), 0);
  for (int32_t token : tokens)
    if (token >= 0 && static_cast<uint32_t>(token) < vocabulary)
      bits[static_cast<size_t>(token) / 32] |= uint32_t(1) << (token % 32);
}

} // namespace lathe

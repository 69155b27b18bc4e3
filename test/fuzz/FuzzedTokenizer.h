// What every accepted tokenizer must be able to do.
#pragma once

#include "Tokenizer/Tokenizer.h"

#include <cstdlib>

namespace lathe {

inline void useTokenizer(std::span<const std::byte> bytes) {
  auto tokenizer = Tokenizer::load(bytes);
  if (!tokenizer) return;
  for (std::string_view text : {"", "ab  ba\n 12 don't \xC3\xA9\xF0\x9F\xA6\x99\xFF<s>", "aaaaaaaaaaaaaaaa"}) {
    auto ids = tokenizer->encode(text);
    if (!ids) continue; // an expression that takes too many steps
    for (int32_t id : *ids)
      if (id < 0 || id >= tokenizer->vocabularySize()) std::abort();
    auto whole = tokenizer->decode(*ids);
    if (!whole) std::abort();
    StreamDecoder stream(*tokenizer);
    std::string streamed;
    for (int32_t id : *ids) stream.push(id, streamed);
    stream.flush(streamed);
    if (streamed != *whole || !isUtf8(streamed)) std::abort();
  }
}

} // namespace lathe

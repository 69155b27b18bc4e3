// Texts and their tokens.
#pragma once

#include "lathe/runtime.h"

#include <string>
#include <vector>

namespace lathe::tool {

/// `flags` as of lathe_tokenize.
std::vector<int32_t> tokenize(const lathe_model *model, const std::string &text, uint32_t flags);

/// A text's tokens, apart from those that the checkpoint puts around a text.
struct FramedTokens {
  std::vector<int32_t> prefix, body, suffix;
};
FramedTokens tokenizeFramed(const lathe_model *model, const std::string &text);

/// The whole of a file, or of standard input for "-".
std::string readText(const std::string &path);

} // namespace lathe::tool

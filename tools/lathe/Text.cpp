#include "Text.h"

#include "Command.h"
#include "Runtime.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <sstream>

namespace lathe::tool {

std::vector<int32_t> tokenize(const lathe_model *model, const std::string &text, uint32_t flags) {
  // A token has at least one byte, save for the few that are put around the text.
  std::vector<int32_t> tokens(text.size() + 16);
  size_t count = 0;
  lathe_status status =
      lathe_tokenize(model, text.data(), text.size(), flags, tokens.data(), tokens.size(), &count);
  if (status == LATHE_FULL) {
    tokens.resize(count);
    status = lathe_tokenize(model, text.data(), text.size(), flags, tokens.data(), tokens.size(), &count);
  }
  check(status);
  tokens.resize(count);
  return tokens;
}

FramedTokens tokenizeFramed(const lathe_model *model, const std::string &text) {
  FramedTokens result;
  result.body = tokenize(model, text, 0);
  std::vector<int32_t> whole = tokenize(model, text, LATHE_ADD_SPECIAL);
  auto at = std::search(whole.begin(), whole.end(), result.body.begin(), result.body.end());
  if (at == whole.end() && !result.body.empty())
    throw Failure{"the tokenizer splits this text in another way with special tokens around it"};
  result.prefix.assign(whole.begin(), at);
  result.suffix.assign(at + std::ptrdiff_t(result.body.size()), whole.end());
  return result;
}

std::string readText(const std::string &path) {
  std::stringstream text;
  if (path == "-") {
    text << std::cin.rdbuf();
    return text.str();
  }
  std::error_code ignored;
  std::ifstream file(path, std::ios::binary);
  if (!file || std::filesystem::is_directory(path, ignored)) throw Failure{path + ": the file can't be read"};
  text << file.rdbuf();
  return text.str();
}

} // namespace lathe::tool

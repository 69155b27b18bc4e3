// What the tokenizer tests share: loading a tokenizer the way the product does, files, shared data.
#pragma once

#include "Checkpoint/TokenizerReader.h"
#include "Tokenizer/Tokenizer.h"

#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>
#include <iterator>
#include <string>
#include <vector>

namespace lathe::test {

inline std::string slurp(const std::string &path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

inline void spill(const std::string &path, std::string_view text) {
  std::filesystem::create_directories(std::filesystem::path(path).parent_path());
  std::ofstream(path, std::ios::binary) << text;
}

/// A folder of its own for one test, empty.
inline std::string scratchFolder(const std::string &name) {
  auto path =
      std::filesystem::temp_directory_path() / ("lathe-tokenizer-" + std::to_string(getpid()) + "-" + name);
  std::filesystem::remove_all(path);
  std::filesystem::create_directories(path);
  return path.string();
}

inline Result<Tokenizer> loaded(const Result<std::vector<std::byte>> &bytes) {
  if (!bytes) return bytes.status();
  return Tokenizer::load(*bytes);
}
inline Result<Tokenizer> fromFolder(const std::string &folder) { return loaded(readTokenizer(folder)); }

inline std::string sharedData(const std::string &path) { return std::string(LATHE_SHARED_DATA) + "/" + path; }

/// The ids of `text`, or a failed expectation.
inline std::vector<int32_t> idsOf(const Tokenizer &tokenizer, std::string_view text,
                                  EncodeOptions options = {}) {
  auto ids = tokenizer.encode(text, options);
  EXPECT_TRUE(ids.ok()) << ids.status().message();
  return ids.ok() ? *ids : std::vector<int32_t>();
}
inline std::string textOf(const Tokenizer &tokenizer, const std::vector<int32_t> &ids,
                          bool skipSpecial = true) {
  auto text = tokenizer.decode(ids, skipSpecial);
  EXPECT_TRUE(text.ok()) << text.status().message();
  return text.ok() ? *text : "";
}

} // namespace lathe::test

/// Skips the test, visibly, where the shared data are not beside the checkout.
#define NEEDS_SHARED_DATA(path)                                                                              \
  if (!std::filesystem::exists(lathe::test::sharedData(path)))                                               \
  GTEST_SKIP() << "no shared data at " << lathe::test::sharedData(path)

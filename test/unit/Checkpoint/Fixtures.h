// Checkpoint folders that tests write for themselves.
#pragma once

#include "Support/Status.h"

#include <cstring>
#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>
#include <span>
#include <sstream>
#include <string>
#include <unistd.h>
#include <vector>

namespace lathe::testing {

/// A folder that is removed at the end of the test.
class Folder {
public:
  Folder() {
    static int count = 0;
    path_ = std::filesystem::temp_directory_path() /
            ("lathe-checkpoint-" + std::to_string(getpid()) + "-" + std::to_string(count++));
    std::filesystem::create_directories(path_);
  }
  ~Folder() { std::filesystem::remove_all(path_); }
  Folder(const Folder &) = delete;
  Folder &operator=(const Folder &) = delete;

  std::string path() const { return path_.string(); }
  std::string path(const std::string &name) const { return (path_ / name).string(); }
  const Folder &write(const std::string &name, const std::string &content) const {
    std::filesystem::create_directories((path_ / name).parent_path());
    std::ofstream(path_ / name, std::ios::binary) << content;
    return *this;
  }

private:
  std::filesystem::path path_;
};

inline std::string readFile(const std::string &path) {
  std::ostringstream content;
  content << std::ifstream(path, std::ios::binary).rdbuf();
  return content.str();
}

/// A safetensors file of this header (any text) and this data.
inline std::string safetensors(const std::string &header, const std::string &data) {
  uint64_t length = header.size();
  std::string file(sizeof(length), '\0');
  std::memcpy(file.data(), &length, sizeof(length));
  return file + header + data;
}

/// The stored bytes of values of any type.
template <typename T> std::string stored(std::vector<T> values) {
  std::string bytes(values.size() * sizeof(T), '\0');
  if (!values.empty()) std::memcpy(bytes.data(), values.data(), bytes.size());
  return bytes;
}

inline std::span<const std::byte> asBytes(const std::string &text) { return std::as_bytes(std::span(text)); }

/// Shared test data, or "" where the machine has none.
inline std::string sharedData(const std::string &name) {
  std::string path = std::string(LATHE_SHARED_DATA) + "/" + name;
  return std::filesystem::exists(path) ? path : "";
}

/// Expects a failure of this kind whose message holds all of these texts.
inline void expectFailure(const Status &status, Code code, std::initializer_list<const char *> texts) {
  ASSERT_FALSE(status.ok()) << "expected a failure";
  EXPECT_EQ(status.code(), code) << status.message();
  for (const char *text : texts)
    EXPECT_NE(status.message().find(text), std::string::npos)
        << "no \"" << text << "\" in: " << status.message();
}

} // namespace lathe::testing

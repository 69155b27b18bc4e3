// The metadata of a GGUF file: keys with typed values. Tensors are left alone.
//
// The format: https://github.com/ggml-org/ggml/blob/master/docs/gguf.md, versions 2 and 3, little-endian.
#pragma once

#include "Support/MappedFile.h"
#include "Support/Status.h"

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace lathe {

/// One value, still in the file's bytes; every length in it has been checked.
class GgufValue {
public:
  enum class Type : uint32_t { U8, I8, U16, I16, U32, I32, F32, Bool, String, Array, U64, I64, F64 };

  Type type() const { return type_; }
  /// Elements of an array; 1 for any other value.
  uint64_t count() const { return count_; }
  /// A number or a boolean, where it is one (not an array).
  std::optional<double> number() const;
  std::optional<std::string_view> text() const;
  /// The elements of an array of strings or of numbers; none where it is not such an array.
  std::optional<std::vector<std::string_view>> texts() const;
  std::optional<std::vector<double>> numbers() const;

private:
  friend class GgufParser;
  Type type_ = Type::U8;    ///< Array: see element_
  Type element_ = Type::U8; ///< of an array
  uint64_t count_ = 1;
  std::span<const std::byte> bytes_; ///< of the value or of an array's elements
};

class Gguf {
public:
  /// Maps the file and checks its metadata; every error names it.
  static Result<Gguf> open(const std::string &path);
  /// Null where there is no such key.
  const GgufValue *find(const std::string &key) const;

private:
  explicit Gguf(MappedFile file) : file_(std::move(file)) {}
  MappedFile file_;
  std::map<std::string, GgufValue> values_;
};

} // namespace lathe

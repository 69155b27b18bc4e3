#include "Checkpoint/Gguf.h"

#include "Checkpoint/Json.h"

#include <cstring>

using namespace lathe;
using Type = GgufValue::Type;

/// Bytes of one value of a fixed size; 0 for strings, arrays and unknown types.
static size_t bytesOf(Type type) {
  switch (type) {
  case Type::U8:
  case Type::I8:
  case Type::Bool:
    return 1;
  case Type::U16:
  case Type::I16:
    return 2;
  case Type::U32:
  case Type::I32:
  case Type::F32:
    return 4;
  case Type::U64:
  case Type::I64:
  case Type::F64:
    return 8;
  default:
    return 0;
  }
}

template <typename T> static T load(const std::byte *from) {
  T value;
  std::memcpy(&value, from, sizeof value);
  return value;
}

static double numberAt(Type type, const std::byte *at) {
  switch (type) {
  case Type::U8:
  case Type::Bool:
    return load<uint8_t>(at);
  case Type::I8:
    return load<int8_t>(at);
  case Type::U16:
    return load<uint16_t>(at);
  case Type::I16:
    return load<int16_t>(at);
  case Type::U32:
    return load<uint32_t>(at);
  case Type::I32:
    return load<int32_t>(at);
  case Type::F32:
    return static_cast<double>(load<float>(at));
  case Type::U64:
    return static_cast<double>(load<uint64_t>(at));
  case Type::I64:
    return static_cast<double>(load<int64_t>(at));
  default:
    return load<double>(at);
  }
}

static std::string_view textAt(const std::byte *at) {
  return {reinterpret_cast<const char *>(at + 8), load<uint64_t>(at)};
}

std::optional<double> GgufValue::number() const {
  return bytesOf(type_) ? std::optional(numberAt(type_, bytes_.data())) : std::nullopt;
}

std::optional<std::string_view> GgufValue::text() const {
  return type_ == Type::String ? std::optional(textAt(bytes_.data())) : std::nullopt;
}

std::optional<std::vector<std::string_view>> GgufValue::texts() const {
  if (type_ != Type::Array || element_ != Type::String) return std::nullopt;
  std::vector<std::string_view> out;
  out.reserve(count_);
  const std::byte *at = bytes_.data();
  for (uint64_t i = 0; i < count_; ++i) {
    out.push_back(textAt(at));
    at += 8 + out.back().size();
  }
  return out;
}

std::optional<std::vector<double>> GgufValue::numbers() const {
  if (type_ != Type::Array || !bytesOf(element_)) return std::nullopt;
  std::vector<double> out(count_);
  for (uint64_t i = 0; i < count_; ++i) out[i] = numberAt(element_, bytes_.data() + i * bytesOf(element_));
  return out;
}

namespace lathe {
/// Walks the metadata; `at_` never passes the end.
class GgufParser {
public:
  explicit GgufParser(std::span<const std::byte> bytes) : bytes_(bytes) {}

  Status parse(std::map<std::string, GgufValue> &values) {
    uint32_t version = 0;
    uint64_t tensors = 0, keys = 0;
    if (bytes_.size() < 4 || std::memcmp(bytes_.data(), "GGUF", 4) != 0)
      return Status(Code::Corrupt, "not a GGUF file");
    at_ = 4;
    if (!read(version) || !read(tensors) || !read(keys)) return cut();
    if (version != 2 && version != 3)
      return Status(Code::Unsupported,
                    "GGUF version " + std::to_string(version) + " is not supported; 2 and 3 are");
    for (uint64_t i = 0; i < keys; ++i) {
      std::string_view key;
      uint32_t type = 0;
      GgufValue value;
      if (!string(key) || !read(type)) return cut();
      LATHE_TRY(parseValue(type, value).in(inQuotes(key)));
      if (!values.emplace(key, value).second)
        return Status(Code::Corrupt, "the key " + inQuotes(key) + " is given twice");
    }
    return {};
  }

private:
  static Status cut() { return {Code::Corrupt, "the metadata are cut short"}; }
  template <typename T> bool read(T &value) {
    if (!fits(at_, sizeof value, bytes_.size())) return false;
    value = load<T>(bytes_.data() + at_);
    at_ += sizeof value;
    return true;
  }
  bool string(std::string_view &text) {
    uint64_t length = 0;
    if (!read(length) || !fits(at_, length, bytes_.size())) return false;
    text = {reinterpret_cast<const char *>(bytes_.data() + at_), length};
    at_ += length;
    return true;
  }
  Status skip(Type type, uint64_t count) {
    if (type == Type::String) {
      std::string_view text;
      for (uint64_t i = 0; i < count; ++i)
        if (!string(text)) return cut();
      return {};
    }
    size_t bytes = bytesOf(type);
    if (!bytes) return Status(Code::Unsupported, "an array of arrays is not supported");
    if (count > (bytes_.size() - at_) / bytes) return cut();
    at_ += count * bytes;
    return {};
  }
  Status parseValue(uint32_t type, GgufValue &value) {
    if (type > static_cast<uint32_t>(Type::F64))
      return Status(Code::Corrupt, "a value of the unknown type " + std::to_string(type));
    value.type_ = static_cast<Type>(type);
    Type element = value.type_;
    if (value.type_ == Type::Array) {
      if (!read(type) || !read(value.count_)) return cut();
      if (type > static_cast<uint32_t>(Type::F64))
        return Status(Code::Corrupt, "an array of the unknown type " + std::to_string(type));
      value.element_ = element = static_cast<Type>(type);
    }
    size_t begin = at_;
    LATHE_TRY(skip(element, value.count_));
    value.bytes_ = bytes_.subspan(begin, at_ - begin);
    return {};
  }
  std::span<const std::byte> bytes_;
  size_t at_ = 0;
};
} // namespace lathe

Result<Gguf> Gguf::open(const std::string &path) {
  auto file = MappedFile::open(path);
  if (!file) return file.status();
  Gguf gguf(std::move(*file));
  LATHE_TRY(GgufParser(gguf.file_.bytes()).parse(gguf.values_).in(path));
  return gguf;
}

const GgufValue *Gguf::find(const std::string &key) const {
  auto found = values_.find(key);
  return found == values_.end() ? nullptr : &found->second;
}

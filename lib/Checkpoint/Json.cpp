#include "Checkpoint/Json.h"

#include "Support/MappedFile.h"

#include <algorithm>
#include <new>
#include <unordered_set>
#include <vector>

namespace lathe {

using nlohmann::json;

namespace {
/// Walks a document without building it, and stops at the first thing that parseJson() refuses. A second walk
/// then builds the document, whose size is known to be bounded.
class Checker : public nlohmann::json_sax<json> {
public:
  explicit Checker(const JsonLimits &limits) : limits_(limits) {}
  const std::string &error() const { return error_; }

  bool null() override { return count(); }
  bool boolean(bool) override { return count(); }
  bool number_integer(number_integer_t) override { return count(); }
  bool number_unsigned(number_unsigned_t) override { return count(); }
  bool number_float(number_float_t, const string_t &) override { return count(); }
  bool string(string_t &) override { return count(); }
  bool binary(binary_t &) override { return count(); }
  bool start_object(size_t) override { return enter(); }
  bool start_array(size_t) override { return enter(); }
  bool end_object() override { return leave(); }
  bool end_array() override { return leave(); }
  bool key(string_t &name) override {
    if (keys_.back().insert(name).second) return true;
    return fail("the key " + inQuotes(name) + " is given twice");
  }
  bool parse_error(size_t position, const std::string &,
                   const nlohmann::detail::exception &failure) override {
    std::string what = failure.what();
    size_t start = what.find("] "); // past the library's "[json.exception.parse_error.101] "
    if (start != std::string::npos) what.erase(0, start + 2);
    for (char &c : what)
      if (static_cast<unsigned char>(c) >= 0x7f)
        c = '?'; // the library quotes the file, which may not be UTF-8
    what.resize(std::min<size_t>(what.size(), 200));
    return fail("not valid JSON at byte " + std::to_string(position) + ": " + what);
  }

private:
  bool fail(std::string message) {
    error_ = std::move(message);
    return false;
  }
  bool count() {
    return ++values_ <= limits_.values || fail("more than " + std::to_string(limits_.values) + " values");
  }
  bool enter() {
    if (keys_.size() >= limits_.depth)
      return fail("nested deeper than " + std::to_string(limits_.depth) + " levels");
    keys_.emplace_back();
    return count();
  }
  bool leave() {
    keys_.pop_back();
    return true;
  }

  JsonLimits limits_;
  size_t values_ = 0;
  std::vector<std::unordered_set<std::string>> keys_; // of each object that is open; empty for an array
  std::string error_;
};
} // namespace

Result<json> parseJson(std::string_view text, const JsonLimits &limits) {
  if (text.size() > limits.bytes)
    return Status(Code::Corrupt,
                  "larger than " + std::to_string(limits.bytes) + " bytes, the most that is read");
  try {
    Checker checker(limits);
    if (!json::sax_parse(text, &checker)) return Status(Code::Corrupt, checker.error());
    return json::parse(text);
  } catch (const std::bad_alloc &) {
    return Status(Code::OutOfMemory,
                  "not enough memory to parse " + std::to_string(text.size()) + " bytes of JSON");
  } catch (const std::exception &failure) {
    return Status(Code::Corrupt, std::string("not valid JSON: ") + failure.what());
  }
}

Result<json> readJson(const std::string &path, const JsonLimits &limits) {
  auto file = MappedFile::open(path);
  if (!file) return file.status();
  std::span<const std::byte> bytes = file->bytes();
  auto document = parseJson({reinterpret_cast<const char *>(bytes.data()), bytes.size()}, limits);
  if (!document) return document.status().in(path);
  return document;
}

std::string inQuotes(std::string_view name) {
  size_t end = std::min<size_t>(name.size(), 120);
  while (end < name.size() && (static_cast<unsigned char>(name[end]) & 0xc0) == 0x80)
    --end; // not inside a character
  std::string text = "'";
  for (char c : name.substr(0, end)) text += static_cast<unsigned char>(c) < 0x20 || c == 0x7f ? '?' : c;
  return text + (end < name.size() ? "…'" : "'");
}

bool isPlainFileName(const std::string &name) {
  return !name.empty() && name != "." && name != ".." && name.size() <= 255 &&
         name.find_first_of(std::string("/\\\0", 3)) == std::string::npos;
}

} // namespace lathe

// Damage to files, as storage, transfers and attackers do it; the same for the same seed.
#pragma once

#include <algorithm>
#include <cstdint>
#include <iterator>
#include <random>
#include <string>

namespace lathe::testing {

class Mutator {
public:
  explicit Mutator(uint64_t seed) : random_(seed) {}

  /// A copy of `original` with one to four changes.
  std::string operator()(std::string file) {
    for (uint64_t changes = 1 + below(4); changes > 0; --changes) change(file);
    return file;
  }

private:
  uint64_t below(uint64_t limit) { return limit == 0 ? 0 : random_() % limit; }

  void change(std::string &file) {
    // Headers and keys stand in front: half of the changes go there.
    uint64_t at = below(below(2) ? file.size() : std::min<uint64_t>(file.size(), 512));
    uint64_t length = std::min<uint64_t>(1 + below(64), file.size() - at);
    switch (below(8)) {
    case 0: // a flipped bit
      if (!file.empty()) file[at] = static_cast<char>(file[at] ^ (1 << below(8)));
      break;
    case 1: // a random byte
      if (!file.empty()) file[at] = static_cast<char>(random_());
      break;
    case 2: // cut short
      file.resize(at);
      break;
    case 3: // a hole
      file.erase(at, length);
      break;
    case 4: // a repetition
      file.insert(at, file.substr(at, length));
      break;
    case 5: // a word that parsers trip over, put in
      file.insert(at, word());
      break;
    case 6: // the same, put over what is there
      file.replace(at, std::min<uint64_t>(length, 8), word());
      break;
    default: // another number in the place of one
      replaceNumber(file, at);
    }
  }

  void replaceNumber(std::string &file, uint64_t from) {
    size_t begin = file.find_first_of("0123456789", from);
    if (begin == std::string::npos) return;
    size_t end = std::min(file.find_first_not_of("0123456789.", begin), file.size());
    const char *numbers[] = {"0",
                             "-1",
                             "1",
                             "3",
                             "2147483648",
                             "9223372036854775807",
                             "18446744073709551615",
                             "18446744073709551616",
                             "1e308",
                             "1e999",
                             "0.5",
                             "null",
                             "NaN"};
    file.replace(begin, end - begin, numbers[below(std::size(numbers))]);
  }

  std::string word() {
    const char *words[] = {
        "{",  "}",   "[",   "]",    "\"",           ",",       ":",       "null", "true", "\\u0000",
        "-1", "1e9", "[[[", "\xff", "\xed\xa0\x80", "\"\":{}", "\\ud800", "../",  "F32",  "I64"};
    return words[below(std::size(words))];
  }

  std::mt19937_64 random_;
};

} // namespace lathe::testing

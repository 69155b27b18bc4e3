// UTF-8: reading and writing characters, and repairing what is not UTF-8.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace lathe {

/// What the bytes at the start of a text are.
struct Utf8Unit {
  enum Kind { Character, Invalid, Incomplete } kind;
  /// Character: its bytes. Invalid: the bytes that one U+FFFD stands for (the maximal subpart of a character,
  /// as Unicode 15 section 3.9 recommends and Python's errors="replace" does). Incomplete: all that is left,
  /// which more bytes could complete.
  unsigned bytes;
};

/// Looks at the start of `text`, which is not empty.
Utf8Unit utf8Unit(std::string_view text);
bool isUtf8(std::string_view text);
/// `text` with each ill-formed part replaced by U+FFFD.
std::string repairedUtf8(std::string_view text);

/// The character at `position`, which moves behind it. `text` is valid and does not end there.
char32_t nextCharacter(std::string_view text, size_t &position);
void appendCharacter(std::string &text, char32_t character);

/// Bytes of the character that begins with `lead`, in valid text.
constexpr unsigned utf8Length(unsigned char lead) {
  return lead < 0x80 ? 1 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
}

/// Turns bytes that arrive in parts into whole characters.
class Utf8Stream {
public:
  /// Appends to `out` every character that `bytes` completes; keeps what could still become one.
  void push(std::string_view bytes, std::string &out);
  /// Appends U+FFFD when a character is left unfinished.
  void flush(std::string &out);

private:
  char pending_[4] = {};
  unsigned pendingBytes_ = 0;
};

} // namespace lathe

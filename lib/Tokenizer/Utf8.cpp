#include "Tokenizer/Utf8.h"

#include <cstring>

using namespace lathe;

static constexpr std::string_view replacement = "\xEF\xBF\xBD";

Utf8Unit lathe::utf8Unit(std::string_view text) {
  auto byte = [&](unsigned i) { return static_cast<unsigned char>(text[i]); };
  unsigned char lead = byte(0);
  if (lead < 0x80) return {Utf8Unit::Character, 1};
  if (lead < 0xC2 || lead > 0xF4) return {Utf8Unit::Invalid, 1};
  unsigned length = utf8Length(lead);
  // The second byte's range excludes overlong forms, surrogates and what lies above U+10FFFF.
  unsigned char low = lead == 0xE0 ? 0xA0 : lead == 0xF0 ? 0x90 : 0x80;
  unsigned char high = lead == 0xED ? 0x9F : lead == 0xF4 ? 0x8F : 0xBF;
  for (unsigned i = 1; i < length; ++i) {
    if (i == text.size()) return {Utf8Unit::Incomplete, i};
    if (byte(i) < low || byte(i) > high) return {Utf8Unit::Invalid, i};
    low = 0x80, high = 0xBF;
  }
  return {Utf8Unit::Character, length};
}

bool lathe::isUtf8(std::string_view text) {
  for (size_t at = 0; at < text.size();) {
    Utf8Unit unit = utf8Unit(text.substr(at));
    if (unit.kind != Utf8Unit::Character) return false;
    at += unit.bytes;
  }
  return true;
}

std::string lathe::repairedUtf8(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  Utf8Stream stream;
  stream.push(text, out);
  stream.flush(out);
  return out;
}

char32_t lathe::nextCharacter(std::string_view text, size_t &position) {
  auto byte = [&](unsigned i) { return static_cast<unsigned char>(text[position + i]); };
  unsigned length = utf8Length(byte(0));
  char32_t character = length == 1 ? byte(0) : byte(0) & (0x7F >> length);
  for (unsigned i = 1; i < length; ++i) character = character << 6 | (byte(i) & 0x3F);
  position += length;
  return character;
}

void lathe::appendCharacter(std::string &text, char32_t c) {
  if (c < 0x80) {
    text += static_cast<char>(c);
  } else if (c < 0x800) {
    text += {static_cast<char>(0xC0 | c >> 6), static_cast<char>(0x80 | (c & 0x3F))};
  } else if (c < 0x10000) {
    text += {static_cast<char>(0xE0 | c >> 12), static_cast<char>(0x80 | (c >> 6 & 0x3F)),
             static_cast<char>(0x80 | (c & 0x3F))};
  } else {
    text += {static_cast<char>(0xF0 | c >> 18), static_cast<char>(0x80 | (c >> 12 & 0x3F)),
             static_cast<char>(0x80 | (c >> 6 & 0x3F)), static_cast<char>(0x80 | (c & 0x3F))};
  }
}

void Utf8Stream::push(std::string_view bytes, std::string &out) {
  // First finish the pending character, byte by byte: at most three are pending.
  while (pendingBytes_ && !bytes.empty()) {
    pending_[pendingBytes_++] = bytes.front();
    Utf8Unit unit = utf8Unit({pending_, pendingBytes_});
    if (unit.kind == Utf8Unit::Incomplete) {
      bytes.remove_prefix(1);
    } else if (unit.kind == Utf8Unit::Character) {
      out.append(pending_, pendingBytes_);
      bytes.remove_prefix(1);
      pendingBytes_ = 0;
    } else {
      // The new byte ends the character: it is looked at again on its own.
      out += replacement;
      pendingBytes_ = 0;
    }
  }
  while (!bytes.empty()) {
    Utf8Unit unit = utf8Unit(bytes);
    if (unit.kind == Utf8Unit::Incomplete) {
      std::memcpy(pending_, bytes.data(), unit.bytes);
      pendingBytes_ = unit.bytes;
      return;
    }
    if (unit.kind == Utf8Unit::Character)
      out.append(bytes.data(), unit.bytes);
    else
      out += replacement;
    bytes.remove_prefix(unit.bytes);
  }
}

void Utf8Stream::flush(std::string &out) {
  if (pendingBytes_) out += replacement;
  pendingBytes_ = 0;
}

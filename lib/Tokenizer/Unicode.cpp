#include "Tokenizer/Unicode.h"

#include "Tokenizer/Utf8.h"

#include <algorithm>
#include <utf8proc.h>
#include <vector>

using namespace lathe;

static utf8proc_category_t category(char32_t c) {
  return utf8proc_category(static_cast<utf8proc_int32_t>(c));
}

// utf8proc's own ordering of marks is quadratic in a run of them, which an input may make a megabyte long.
static void sortMarks(std::vector<utf8proc_int32_t> &characters) {
  auto combiningClass = [&](size_t i) {
    return static_cast<uint64_t>(utf8proc_get_property(characters[i])->combining_class);
  };
  std::vector<uint64_t> run; // class, position (the order is stable), character
  for (size_t i = 0; i < characters.size(); ++i) {
    size_t begin = i;
    run.clear();
    for (; i < characters.size() && combiningClass(i); ++i)
      run.push_back(combiningClass(i) << 56 | static_cast<uint64_t>(i - begin) << 24 |
                    static_cast<uint32_t>(characters[i]));
    std::sort(run.begin(), run.end());
    for (size_t k = 0; k < run.size(); ++k)
      characters[begin + k] = static_cast<utf8proc_int32_t>(run[k] & 0xFFFFFF);
  }
}

std::string lathe::normalForm(NormalForm form, std::string_view text) {
  if (std::all_of(text.begin(), text.end(), [](unsigned char c) { return c < 0x80; }))
    return std::string(text);
  bool compatibility = form == NormalForm::KC || form == NormalForm::KD;
  int options = UTF8PROC_DECOMPOSE | (compatibility ? UTF8PROC_COMPAT : 0);
  std::vector<utf8proc_int32_t> characters;
  characters.reserve(text.size());
  for (size_t at = 0; at < text.size();) {
    auto character = static_cast<utf8proc_int32_t>(nextCharacter(text, at));
    utf8proc_int32_t parts[32];
    int boundary = 0;
    auto count =
        utf8proc_decompose_char(character, parts, 32, static_cast<utf8proc_option_t>(options), &boundary);
    if (count < 1 || count > 32) { // no character of Unicode 14 has more than 18 parts
      parts[0] = character;
      count = 1;
    }
    characters.insert(characters.end(), parts, parts + count);
  }
  sortMarks(characters);
  if (form == NormalForm::C || form == NormalForm::KC) {
    auto count = utf8proc_normalize_utf32(characters.data(), static_cast<utf8proc_ssize_t>(characters.size()),
                                          static_cast<utf8proc_option_t>(UTF8PROC_COMPOSE | UTF8PROC_STABLE));
    if (count >= 0) characters.resize(static_cast<size_t>(count));
  }
  std::string out;
  out.reserve(text.size());
  for (utf8proc_int32_t character : characters) appendCharacter(out, static_cast<char32_t>(character));
  return out;
}

void lathe::appendLowercase(std::string &out, char32_t c) {
  if (c < 0x80) {
    out += static_cast<char>(c >= 'A' && c <= 'Z' ? c + 32 : c);
  } else if (c == 0x130) {
    out += "i\xCC\x87";
  } else {
    appendCharacter(out, static_cast<char32_t>(utf8proc_tolower(static_cast<utf8proc_int32_t>(c))));
  }
}

bool lathe::isWhiteSpace(char32_t c) {
  if (c < 0x80) return c == ' ' || (c >= 9 && c <= 13);
  return c == 0x85 || c == 0xA0 || c == 0x1680 || (c >= 0x2000 && c <= 0x200A) || c == 0x2028 ||
         c == 0x2029 || c == 0x202F || c == 0x205F || c == 0x3000;
}

bool lathe::isWordCharacter(char32_t c) {
  switch (category(c)) {
  case UTF8PROC_CATEGORY_LU:
  case UTF8PROC_CATEGORY_LL:
  case UTF8PROC_CATEGORY_LT:
  case UTF8PROC_CATEGORY_LM:
  case UTF8PROC_CATEGORY_LO:
  case UTF8PROC_CATEGORY_MN:
  case UTF8PROC_CATEGORY_MC:
  case UTF8PROC_CATEGORY_ME:
  case UTF8PROC_CATEGORY_ND:
  case UTF8PROC_CATEGORY_NL:
  case UTF8PROC_CATEGORY_PC:
    return true;
  default: // circled and squared letters are alphabetic, though symbols; the last two join
    return (c >= 0x24B6 && c <= 0x24E9) || (c >= 0x1F130 && c <= 0x1F149) || (c >= 0x1F150 && c <= 0x1F169) ||
           (c >= 0x1F170 && c <= 0x1F189) || c == 0x200C || c == 0x200D;
  }
}

bool lathe::isMark(char32_t c) {
  auto found = category(c);
  return found == UTF8PROC_CATEGORY_MN || found == UTF8PROC_CATEGORY_MC || found == UTF8PROC_CATEGORY_ME;
}

bool lathe::isNonspacingMark(char32_t c) { return category(c) == UTF8PROC_CATEGORY_MN; }

bool lathe::isControl(char32_t c) {
  auto found = category(c);
  return found == UTF8PROC_CATEGORY_CC || found == UTF8PROC_CATEGORY_CF || found == UTF8PROC_CATEGORY_CS ||
         found == UTF8PROC_CATEGORY_CO;
}

bool lathe::isChineseCharacter(char32_t c) {
  // 0x2B920 is what the Hugging Face library has (the block begins at 0x2B820): its results are the
  // reference.
  return (c >= 0x4E00 && c <= 0x9FFF) || (c >= 0x3400 && c <= 0x4DBF) || (c >= 0x20000 && c <= 0x2A6DF) ||
         (c >= 0x2A700 && c <= 0x2B73F) || (c >= 0x2B740 && c <= 0x2B81F) || (c >= 0x2B920 && c <= 0x2CEAF) ||
         (c >= 0xF900 && c <= 0xFAFF) || (c >= 0x2F800 && c <= 0x2FA1F);
}

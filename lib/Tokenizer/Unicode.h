// The Unicode properties and transformations that tokenizers use, on valid UTF-8. The data are utf8proc's.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace lathe {

enum class NormalForm : uint8_t { C, D, KC, KD };

/// The text in that normal form. Linear in the text but for runs of combining marks, which are sorted.
std::string normalForm(NormalForm form, std::string_view text);

/// The default lower case, character by character (U+0130 becomes two; no final sigma).
void appendLowercase(std::string &out, char32_t character);

/// The property White_Space.
bool isWhiteSpace(char32_t character);
/// What a regular expression's \w matches: letters, marks, digits, connectors and joiners.
bool isWordCharacter(char32_t character);
/// General categories Mn, Mc, Me.
bool isMark(char32_t character);
/// General category Mn.
bool isNonspacingMark(char32_t character);
/// General categories Cc, Cf, Cs, Co: assigned, and not to be seen.
bool isControl(char32_t character);
/// The ideographs around which BERT puts spaces.
bool isChineseCharacter(char32_t character);

} // namespace lathe

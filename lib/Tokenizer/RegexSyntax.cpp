// Oniguruma's syntax read as PCRE2's. The two agree on nearly all that tokenizers use; this walks an
// expression once, rewrites the shorthands whose meaning differs and refuses what would silently mean
// something else.
#include "Tokenizer/Regex.h"

#include <array>

using namespace lathe;

namespace {

class Translator {
public:
  explicit Translator(std::string_view pattern) : rest_(pattern) {}

  Result<std::string> run() {
    while (!rest_.empty()) {
      Status status;
      if (rest_[0] == '\\') {
        status = escape();
      } else if (inClass_) {
        status = classCharacter();
      } else if (rest_[0] == '[') {
        openClass();
      } else if (rest_.starts_with("(?")) {
        status = group();
      } else if (rest_.starts_with("(*") || rest_.starts_with("{,")) {
        status = refuse(rest_.substr(0, 2));
      } else {
        take(1);
      }
      LATHE_TRY(status);
    }
    return std::move(out_);
  }

private:
  void take(size_t bytes) {
    out_ += rest_.substr(0, bytes);
    rest_.remove_prefix(bytes);
  }
  void replace(size_t bytes, std::string_view text) {
    out_ += text;
    rest_.remove_prefix(bytes);
  }
  static Status refuse(std::string_view what) {
    return Status(Code::Unsupported, "'" + std::string(what) + "' in a regular expression is not supported");
  }

  void openClass() {
    inClass_ = true;
    size_t bytes = rest_.starts_with("[^") ? 2 : 1;
    if (rest_.substr(bytes).starts_with("]")) ++bytes; // a bracket right at the start is a member
    take(bytes);
  }
  Status classCharacter() {
    if (rest_[0] == '[' || rest_.starts_with("&&")) return refuse(rest_[0] == '[' ? "[ inside [ ]" : "&&");
    inClass_ = rest_[0] != ']';
    take(1);
    return {};
  }
  Status group() {
    for (std::string_view start :
         std::array<std::string_view, 8>{"(?:", "(?=", "(?!", "(?<=", "(?<!", "(?>", "(?i:", "(?i)"}) {
      if (!rest_.starts_with(start)) continue;
      take(start.size());
      return {};
    }
    return refuse(rest_.substr(0, 3));
  }

  Status escape() {
    if (rest_.size() < 2) return refuse("\\ at the end");
    char c = rest_[1];
    bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    switch (c) {
    case 's':
      replace(2, "\\p{White_Space}");
      return {};
    case 'S':
      replace(2, "\\P{White_Space}");
      return {};
    case 'd':
      replace(2, "\\p{Nd}");
      return {};
    case 'D':
      replace(2, "\\P{Nd}");
      return {};
    case 'w':
      replace(2, inClass_ ? wordMembers : "[" + wordMembers + "]");
      return {};
    case 'W':
      if (inClass_) return refuse("\\W inside [ ]");
      replace(2, "[^" + wordMembers + "]");
      return {};
    case 'n':
    case 'r':
    case 't':
    case 'f':
    case 'p':
    case 'P':
    case 'A':
    case 'z':
      take(2);
      return {};
    case 'u':
      return codePoint(4);
    case 'x':
      return rest_.starts_with("\\x{") ? (take(2), Status()) : codePoint(2);
    default:
      break;
    }
    if (letter) return refuse(rest_.substr(0, 2));
    take(1); // the escaped character itself may have several bytes, all literal
    take(1);
    return {};
  }
  /// \uHHHH and \xHH.
  Status codePoint(size_t digits) {
    std::string_view hex = rest_.substr(2, digits);
    if (hex.size() != digits || hex.find_first_not_of("0123456789abcdefABCDEF") != hex.npos)
      return refuse(rest_.substr(0, 2 + hex.size()));
    replace(2 + digits, "\\x{" + std::string(hex) + "}");
    return {};
  }

  // Below U+0100 Oniguruma has a table of its own, where ² ³ ¹ ¼ ½ ¾ are word characters.
  const std::string wordMembers = "\\p{Alphabetic}\\p{M}\\p{Nd}\\p{Pc}\\x{B2}\\x{B3}\\x{B9}\\x{BC}-\\x{BE}";
  std::string_view rest_;
  std::string out_;
  bool inClass_ = false;
};

} // namespace

Result<std::string> lathe::pcreSyntax(std::string_view pattern) { return Translator(pattern).run(); }

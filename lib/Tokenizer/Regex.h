// Regular expressions as tokenizers state them (Oniguruma's syntax, which the Hugging Face library uses), run
// by PCRE2.
#pragma once

#include "Support/Status.h"

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace lathe {

/// The same expression in PCRE2's syntax, where the two differ: \s, \d and \w stand for what Oniguruma means
/// by them. What can't be carried over (nested classes, \h, inline flags but i) is Unsupported, naming it.
Result<std::string> pcreSyntax(std::string_view pattern);

/// Immutable once compiled; each thread matches with a Matcher of its own.
class Regex {
public:
  /// `pattern` is Oniguruma's; a plain text where `literal`. Errors: Unsupported or Corrupt, naming the
  /// expression.
  static Result<Regex> compile(std::string_view pattern, bool literal);

  class Matcher {
  public:
    explicit Matcher(const Regex &regex);
    using Range = std::pair<size_t, size_t>; ///< [first, second)
    /// The leftmost match in valid UTF-8 `text` from `start` on; none where there is none. Fails where the
    /// expression takes more steps than are reasonable for a text of this length.
    Result<std::optional<Range>> find(std::string_view text, size_t start);

  private:
    const Regex *regex_;
    std::shared_ptr<void> data_, context_;
    bool jit_ = true;
  };

private:
  std::string pattern_;
  bool literal_ = false;
  std::shared_ptr<void> code_; ///< a pcre2_code
};

} // namespace lathe

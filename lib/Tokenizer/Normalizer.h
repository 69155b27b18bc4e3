// Rewrites text before it is cut into words: Unicode forms, case, accents, replacements.
#pragma once

#include "Tokenizer/Regex.h"
#include "Tokenizer/Tokenizer_generated.h"

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace lathe {

using fb::tokenizer::NormalizerStepT;

class Normalizer {
public:
  /// Errors: an expression that does not compile.
  static Result<Normalizer> make(const std::vector<std::unique_ptr<NormalizerStepT>> &steps);
  /// `text` is valid UTF-8; `first`: it stands at the start of what the user gave. Errors: an expression that
  /// can't be matched in reasonable time, a text that grows out of proportion.
  Result<std::string> apply(std::string_view text, bool first) const;

private:
  Result<std::string> replace(size_t step, const std::string &text, size_t limit) const;
  std::vector<NormalizerStepT> steps_;
  std::vector<std::optional<Regex>> patterns_; ///< one a step, of Replace only
};

} // namespace lathe

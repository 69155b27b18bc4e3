// Cuts normalized text into the words that the model encodes one by one.
#pragma once

#include "Tokenizer/Regex.h"
#include "Tokenizer/Tokenizer_generated.h"

#include <deque>
#include <string>
#include <string_view>
#include <vector>

namespace lathe {

using fb::tokenizer::PrependScheme;
using fb::tokenizer::PreTokenizerStepT;

class PreTokenizer {
public:
  /// Errors: an expression that does not compile.
  static Result<PreTokenizer> make(const std::vector<std::unique_ptr<PreTokenizerStepT>> &steps);

  /// What one call of Tokenizer::encode uses over and over.
  class Run {
  public:
    explicit Run(const PreTokenizer &preTokenizer);
    /// The words of `text`, valid UTF-8, in order and none empty; they refer to it or to this object, until
    /// the next call. `first`: it stands at the start of what the user gave.
    Result<const std::vector<std::string_view> *> split(std::string_view text, bool first);

  private:
    Status splitBy(size_t step);
    void prepend(const PreTokenizerStepT &step, bool first);
    const PreTokenizer *preTokenizer_;
    std::vector<Regex::Matcher> matchers_; ///< one a step
    std::vector<std::string_view> words_, previous_;
    std::deque<std::string> rewritten_; ///< words that are not parts of the text
  };

private:
  std::vector<PreTokenizerStepT> steps_;
  std::vector<Regex> delimiters_; ///< one a step
};

} // namespace lathe

#include "Tokenizer/PreTokenizer.h"

#include "Tokenizer/Utf8.h"

#include <algorithm>

using namespace lathe;
using fb::tokenizer::PreTokenizerKind;
using fb::tokenizer::SplitBehavior;

Result<PreTokenizer> PreTokenizer::make(const std::vector<std::unique_ptr<PreTokenizerStepT>> &steps) {
  PreTokenizer made;
  for (const auto &step : steps) {
    std::string_view pattern = step->kind == PreTokenizerKind::Split ? std::string_view(step->pattern)
                               : step->kind == PreTokenizerKind::Metaspace
                                   ? std::string_view(step->replacement)
                                   : " ";
    auto regex = Regex::compile(pattern, step->kind != PreTokenizerKind::Split || !step->regex);
    if (!regex) return regex.status();
    made.delimiters_.push_back(std::move(*regex));
    made.steps_.push_back(*step);
    if (step->kind == PreTokenizerKind::Metaspace)
      made.steps_.back().behavior = SplitBehavior::MergedWithNext;
  }
  return made;
}

PreTokenizer::Run::Run(const PreTokenizer &preTokenizer) : preTokenizer_(&preTokenizer) {
  for (const Regex &delimiter : preTokenizer.delimiters_) matchers_.emplace_back(delimiter);
}

Result<const std::vector<std::string_view> *> PreTokenizer::Run::split(std::string_view text, bool first) {
  words_.clear();
  rewritten_.clear();
  if (!text.empty()) words_.push_back(text);
  for (size_t i = 0; i < matchers_.size(); ++i) {
    const PreTokenizerStepT &step = preTokenizer_->steps_[i];
    if (step.kind != PreTokenizerKind::Split) prepend(step, first);
    if (step.kind == PreTokenizerKind::Split || (step.kind == PreTokenizerKind::Metaspace && step.split))
      LATHE_TRY(splitBy(i));
  }
  return &words_;
}

void PreTokenizer::Run::prepend(const PreTokenizerStepT &step, bool first) {
  for (size_t i = 0; i < words_.size(); ++i) {
    std::string_view word = words_[i];
    if (step.kind == PreTokenizerKind::PrependSpace) {
      if (!word.starts_with(' ')) words_[i] = rewritten_.emplace_back(" " + std::string(word));
      continue;
    }
    bool wanted =
        step.scheme == PrependScheme::Always || (step.scheme == PrependScheme::First && first && i == 0);
    std::string out;
    if (wanted && !word.starts_with(' ') && !word.starts_with(step.replacement)) out = step.replacement;
    for (char c : word) c == ' ' ? out += step.replacement : out += c;
    words_[i] = rewritten_.emplace_back(std::move(out));
  }
}

namespace {

/// Collects the parts of one word as a behaviour asks.
class Collector {
public:
  Collector(SplitBehavior behavior, std::vector<std::string_view> &words)
      : behavior_(behavior), words_(words) {}

  void add(std::string_view part, bool delimiter) {
    bool joins = any_ && ((behavior_ == SplitBehavior::MergedWithPrevious && delimiter && !lastDelimiter_) ||
                          (behavior_ == SplitBehavior::MergedWithNext && !delimiter && lastDelimiter_) ||
                          (behavior_ == SplitBehavior::Contiguous && delimiter == lastDelimiter_));
    if (delimiter && behavior_ == SplitBehavior::Removed) {
    } else if (joins && !words_.empty()) {
      words_.back() = {words_.back().data(), words_.back().size() + part.size()};
    } else if (!part.empty()) {
      words_.push_back(part);
    }
    if (part.empty()) return;
    any_ = true;
    lastDelimiter_ = delimiter;
  }

private:
  SplitBehavior behavior_;
  std::vector<std::string_view> &words_;
  bool any_ = false, lastDelimiter_ = false;
};

} // namespace

Status PreTokenizer::Run::splitBy(size_t index) {
  const PreTokenizerStepT &step = preTokenizer_->steps_[index];
  previous_.swap(words_);
  words_.clear();
  for (std::string_view word : previous_) {
    Collector parts(step.behavior, words_);
    size_t done = 0, at = 0;
    while (at <= word.size()) {
      auto found = matchers_[index].find(word, at);
      if (!found) return found.status();
      if (!*found) break;
      auto [begin, stop] = **found;
      parts.add(word.substr(done, begin - done), step.invert);
      parts.add(word.substr(begin, stop - begin), !step.invert);
      done = stop;
      at = stop;
      // An empty match delimits nothing by itself; look on behind the next character.
      if (begin == stop)
        at = stop < word.size() ? stop + utf8Length(static_cast<unsigned char>(word[stop])) : stop + 1;
    }
    parts.add(word.substr(done), step.invert);
  }
  return {};
}

#include "Tokenizer/Normalizer.h"

#include "Tokenizer/Unicode.h"
#include "Tokenizer/Utf8.h"

using namespace lathe;
using fb::tokenizer::NormalizerKind;
using fb::tokenizer::PrependScheme;

static Status growsTooMuch() {
  return {Code::Unsupported, "the tokenizer's normalizer makes the text many times longer"};
}

Result<Normalizer> Normalizer::make(const std::vector<std::unique_ptr<NormalizerStepT>> &steps) {
  Normalizer made;
  for (const auto &step : steps) {
    made.steps_.push_back(*step);
    made.patterns_.emplace_back();
    if (step->kind != NormalizerKind::Replace) continue;
    auto regex = Regex::compile(step->pattern, !step->regex);
    if (!regex) return regex.status();
    made.patterns_.back() = std::move(*regex);
  }
  return made;
}

/// `rewrite(character, out)` for each character.
template <typename Rewrite> static std::string eachCharacter(std::string_view text, Rewrite rewrite) {
  std::string out;
  out.reserve(text.size());
  for (size_t at = 0; at < text.size();) {
    char32_t character = nextCharacter(text, at);
    rewrite(character, out);
  }
  return out;
}

static std::string withoutMarks(std::string_view text, bool (*mark)(char32_t)) {
  return eachCharacter(text, [&](char32_t c, std::string &out) {
    if (c < 0x80 || !mark(c)) appendCharacter(out, c);
  });
}

static std::string bert(const NormalizerStepT &step, std::string text) {
  if (step.clean_text || step.chinese_characters) {
    text = eachCharacter(text, [&](char32_t c, std::string &out) {
      bool space = isWhiteSpace(c), plain = c == '\t' || c == '\n' || c == '\r';
      if (step.clean_text && (c == 0 || c == 0xFFFD || (isControl(c) && !plain))) return;
      bool apart = step.chinese_characters && isChineseCharacter(c);
      if (apart) out += ' ';
      step.clean_text &&space ? out += ' ' : (appendCharacter(out, c), out);
      if (apart) out += ' ';
    });
  }
  if (step.strip_accents) text = withoutMarks(normalForm(NormalForm::D, text), isNonspacingMark);
  if (step.lowercase)
    text = eachCharacter(text, [](char32_t c, std::string &out) { appendLowercase(out, c); });
  return text;
}

static std::string strip(const NormalizerStepT &step, std::string_view text) {
  size_t begin = text.size(), end = 0; // of what is not white space
  for (size_t at = 0; at < text.size();) {
    size_t start = at;
    if (isWhiteSpace(nextCharacter(text, at))) continue;
    begin = std::min(begin, start);
    end = at;
  }
  size_t from = step.left ? begin : 0, to = step.right ? std::max(end, from) : text.size();
  return std::string(text.substr(from, to - from));
}

Result<std::string> Normalizer::replace(size_t step, const std::string &text, size_t limit) const {
  Regex::Matcher matcher(*patterns_[step]);
  std::string out;
  size_t done = 0;
  for (size_t at = 0; at <= text.size();) {
    auto found = matcher.find(text, at);
    if (!found) return found.status();
    if (!*found) break;
    auto [begin, stop] = **found;
    out.append(text, done, begin - done);
    out += steps_[step].content;
    if (out.size() > limit) return growsTooMuch();
    done = stop;
    at = stop;
    if (begin == stop)
      at = stop < text.size() ? stop + utf8Length(static_cast<unsigned char>(text[stop])) : stop + 1;
  }
  return out.append(text, done);
}

Result<std::string> Normalizer::apply(std::string_view given, bool first) const {
  std::string text(given);
  size_t limit = 32 * given.size() + (1 << 20);
  for (size_t i = 0; i < steps_.size() && !text.empty(); ++i) {
    const NormalizerStepT &step = steps_[i];
    switch (step.kind) {
    case NormalizerKind::Nfc:
      text = normalForm(NormalForm::C, text);
      break;
    case NormalizerKind::Nfd:
      text = normalForm(NormalForm::D, text);
      break;
    case NormalizerKind::Nfkc:
      text = normalForm(NormalForm::KC, text);
      break;
    case NormalizerKind::Nfkd:
      text = normalForm(NormalForm::KD, text);
      break;
    case NormalizerKind::Lowercase:
      text = eachCharacter(text, [](char32_t c, std::string &out) { appendLowercase(out, c); });
      break;
    case NormalizerKind::StripAccents:
      text = withoutMarks(text, isMark);
      break;
    case NormalizerKind::Strip:
      text = strip(step, text);
      break;
    case NormalizerKind::Prepend:
      if (step.scheme == PrependScheme::Always || (step.scheme == PrependScheme::First && first))
        text.insert(0, step.content);
      break;
    case NormalizerKind::Replace: {
      auto replaced = replace(i, text, limit);
      if (!replaced) return replaced.status();
      text = std::move(*replaced);
      break;
    }
    case NormalizerKind::Bert:
      text = bert(step, std::move(text));
      break;
    }
    if (text.size() > limit) return growsTooMuch();
  }
  return text;
}

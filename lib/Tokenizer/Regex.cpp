#include "Tokenizer/Regex.h"

#include <algorithm>

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

using namespace lathe;

static constexpr size_t longestPattern = 16 << 10;
static constexpr uint32_t heapKib =
    256 << 10; // backtracking memory, where the expression is not compiled to code

static std::string errorText(int code) {
  PCRE2_UCHAR text[256] = {};
  pcre2_get_error_message(code, text, sizeof text);
  return reinterpret_cast<const char *>(text);
}

static std::string shown(std::string_view pattern) {
  return "expression '" + std::string(pattern.substr(0, 200)) + (pattern.size() > 200 ? "…'" : "'");
}

Result<Regex> Regex::compile(std::string_view pattern, bool literal) {
  Regex regex;
  regex.pattern_ = pattern;
  regex.literal_ = literal;
  if (literal) {
    if (pattern.empty()) return Status(Code::Corrupt, "a tokenizer step has an empty pattern");
    return regex;
  }
  if (pattern.size() > longestPattern) return Status(Code::Unsupported, shown(pattern) + " is too long");
  auto translated = pcreSyntax(pattern);
  if (!translated) return translated.status().in(shown(pattern));
  int error = 0;
  PCRE2_SIZE at = 0;
  pcre2_code *code =
      pcre2_compile(reinterpret_cast<PCRE2_SPTR>(translated->data()), translated->size(),
                    PCRE2_UTF | PCRE2_UCP | PCRE2_MULTILINE | PCRE2_NEVER_BACKSLASH_C, &error, &at, nullptr);
  if (!code) return Status(Code::Unsupported, shown(pattern) + ": " + errorText(error));
  regex.code_ = std::shared_ptr<void>(code, [](void *p) { pcre2_code_free(static_cast<pcre2_code *>(p)); });
  // Where the system allows no run-time code this fails, and matching interprets the expression.
  pcre2_jit_compile(code, PCRE2_JIT_COMPLETE);
  return regex;
}

Regex::Matcher::Matcher(const Regex &regex) : regex_(&regex) {
  if (regex.literal_) return;
  auto *code = static_cast<pcre2_code *>(regex.code_.get());
  data_ = std::shared_ptr<void>(pcre2_match_data_create_from_pattern(code, nullptr),
                                [](void *p) { pcre2_match_data_free(static_cast<pcre2_match_data *>(p)); });
  context_ = std::shared_ptr<void>(pcre2_match_context_create(nullptr), [](void *p) {
    pcre2_match_context_free(static_cast<pcre2_match_context *>(p));
  });
  if (context_) pcre2_set_heap_limit(static_cast<pcre2_match_context *>(context_.get()), heapKib);
}

Result<std::optional<Regex::Matcher::Range>> Regex::Matcher::find(std::string_view text, size_t start) {
  using Found = std::optional<Range>;
  if (regex_->literal_) {
    size_t at = text.find(regex_->pattern_, start);
    return at == text.npos ? Found() : Found({at, at + regex_->pattern_.size()});
  }
  if (!data_ || !context_) return Status(Code::OutOfMemory, "no memory to match a regular expression");
  auto *code = static_cast<pcre2_code *>(regex_->code_.get());
  auto *data = static_cast<pcre2_match_data *>(data_.get());
  auto *context = static_cast<pcre2_match_context *>(context_.get());
  // Tokenizers' expressions step back at most once over a run of equal characters; much more is a trap.
  uint64_t steps = 100000 + 64 * static_cast<uint64_t>(text.size() - start);
  pcre2_set_match_limit(context, static_cast<uint32_t>(std::min<uint64_t>(steps, UINT32_MAX)));
  auto match = [&](uint32_t options) {
    return pcre2_match(code, reinterpret_cast<PCRE2_SPTR>(text.data()), text.size(), start,
                       PCRE2_NO_UTF_CHECK | options, data, context);
  };
  int found = match(jit_ ? 0 : PCRE2_NO_JIT);
  if (found == PCRE2_ERROR_JIT_STACKLIMIT) {
    jit_ = false;
    found = match(PCRE2_NO_JIT);
  }
  if (found == PCRE2_ERROR_NOMATCH) return Found();
  if (found < 0)
    return Status(Code::Unsupported,
                  shown(regex_->pattern_) + " can't be matched on this text: " + errorText(found));
  const PCRE2_SIZE *range = pcre2_get_ovector_pointer(data);
  // \K could place the start behind the end or before `start`.
  size_t begin = std::clamp(range[0], start, text.size());
  return Found({begin, std::max(begin, range[1])});
}

// tokenizer.json: normalizers and pre-tokenizers.
#include "Checkpoint/Json.h"
#include "Checkpoint/TokenizerSources.h"

using namespace lathe;
using namespace lathe::fb::tokenizer;
using nlohmann::json;

static std::string typeOf(const json &step) {
  auto type = step.is_object() ? step.find("type") : step.end();
  return type != step.end() && type->is_string() ? type->get<std::string>() : "";
}

/// Each step of a "Sequence", kept under `key`.
static Status eachStep(const json &sequence, const char *key, const std::string &place, TokenizerDraft &draft,
                       Status (*read)(const json &, TokenizerDraft &)) {
  auto steps = sequence.find(key);
  if (steps == sequence.end() || !steps->is_array())
    return Status(Code::Corrupt, place + ": " + key + " is not a list");
  for (const json &step : *steps) LATHE_TRY(read(step, draft));
  return {};
}

/// {"String": "…"} or {"Regex": "…"}
static Status readPattern(const json *pattern, const std::string &place, std::string &text, bool &regex) {
  if (pattern && pattern->is_object() && pattern->size() == 1) {
    const std::string &kind = pattern->begin().key();
    const json &value = pattern->begin().value();
    if ((kind == "String" || kind == "Regex") && value.is_string()) {
      regex = kind == "Regex";
      text = value.get<std::string>();
      return {};
    }
  }
  return Status(Code::Corrupt, place + ": pattern is not a String or a Regex");
}

static NormalizerStepT &appendNormalizer(TokenizerDraft &draft, NormalizerKind kind) {
  draft.data.normalizer.push_back(std::make_unique<NormalizerStepT>());
  draft.data.normalizer.back()->kind = kind;
  return *draft.data.normalizer.back();
}

Status lathe::readNormalizer(const json &step, TokenizerDraft &draft) {
  std::string type = typeOf(step), place = "normalizer " + inQuotes(type);
  static const std::pair<const char *, NormalizerKind> plain[] = {
      {"NFC", NormalizerKind::Nfc},
      {"NFD", NormalizerKind::Nfd},
      {"NFKC", NormalizerKind::Nfkc},
      {"NFKD", NormalizerKind::Nfkd},
      {"Lowercase", NormalizerKind::Lowercase},
      {"StripAccents", NormalizerKind::StripAccents}};
  for (const auto &[name, kind] : plain) {
    if (type != name) continue;
    appendNormalizer(draft, kind);
    return TokenizerFields(step, place, {"type"}).status();
  }
  if (type == "Sequence") return eachStep(step, "normalizers", place, draft, readNormalizer);
  if (type == "BertNormalizer") {
    TokenizerFields fields(step, place,
                           {"type", "clean_text", "handle_chinese_chars", "strip_accents", "lowercase"});
    NormalizerStepT &out = appendNormalizer(draft, NormalizerKind::Bert);
    out.clean_text = fields.flag("clean_text", true);
    out.chinese_characters = fields.flag("handle_chinese_chars", true);
    out.lowercase = fields.flag("lowercase", true);
    out.strip_accents = fields.flag("strip_accents", out.lowercase);
    return fields.status();
  }
  if (type == "Strip") {
    TokenizerFields fields(step, place, {"type", "strip_left", "strip_right"});
    NormalizerStepT &out = appendNormalizer(draft, NormalizerKind::Strip);
    out.left = fields.flag("strip_left", true);
    out.right = fields.flag("strip_right", true);
    return fields.status();
  }
  if (type == "Prepend") {
    TokenizerFields fields(step, place, {"type", "prepend"});
    appendNormalizer(draft, NormalizerKind::Prepend).content = fields.text("prepend", "");
    return fields.status();
  }
  if (type == "Replace") {
    TokenizerFields fields(step, place, {"type", "pattern", "content"});
    NormalizerStepT &out = appendNormalizer(draft, NormalizerKind::Replace);
    out.content = fields.text("content", "");
    LATHE_TRY(fields.status());
    return readPattern(fields.child("pattern"), place, out.pattern, out.regex);
  }
  return Status(Code::Unsupported, "the " + place + " is not supported");
}

static Status readBehavior(TokenizerFields &fields, SplitBehavior &behavior) {
  static const std::pair<const char *, SplitBehavior> names[] = {
      {"Removed", SplitBehavior::Removed},
      {"Isolated", SplitBehavior::Isolated},
      {"MergedWithPrevious", SplitBehavior::MergedWithPrevious},
      {"MergedWithNext", SplitBehavior::MergedWithNext},
      {"Contiguous", SplitBehavior::Contiguous}};
  std::string given = fields.text("behavior", "Isolated");
  for (const auto &[name, value] : names) {
    if (given != name) continue;
    behavior = value;
    return fields.status();
  }
  fields.refuse("the behavior " + inQuotes(given) + " is not supported");
  return fields.status();
}

static Status readScheme(TokenizerFields &fields, PrependScheme &scheme) {
  // Files of old releases have add_prefix_space instead.
  std::string given =
      fields.text("prepend_scheme", fields.flag("add_prefix_space", true) ? "always" : "never");
  if (given != "always" && given != "first" && given != "never")
    fields.refuse("the prepend_scheme " + inQuotes(given) + " is not supported");
  scheme = given == "always"  ? PrependScheme::Always
           : given == "first" ? PrependScheme::First
                              : PrependScheme::Never;
  return fields.status();
}

static Status readByteLevel(const json &step, const std::string &place, TokenizerDraft &draft) {
  TokenizerFields fields(step, place, {"type", "add_prefix_space", "trim_offsets", "use_regex"});
  if (fields.flag("add_prefix_space", true)) {
    draft.data.pre_tokenizer.push_back(std::make_unique<PreTokenizerStepT>());
    draft.data.pre_tokenizer.back()->kind = PreTokenizerKind::PrependSpace;
  }
  if (fields.flag("use_regex", true)) addSplit(draft, preTokenizerPattern::gpt2, SplitBehavior::Isolated);
  draft.byteLevel = true;
  return fields.status();
}

static Status readMetaspace(const json &step, const std::string &place, TokenizerDraft &draft) {
  TokenizerFields fields(step, place,
                         {"type", "replacement", "prepend_scheme", "add_prefix_space", "split", "str_rep"});
  auto out = std::make_unique<PreTokenizerStepT>();
  out->kind = PreTokenizerKind::Metaspace;
  out->replacement = fields.text("replacement", "\xE2\x96\x81");
  out->split = fields.flag("split", true);
  LATHE_TRY(readScheme(fields, out->scheme));
  if (out->replacement.empty()) fields.refuse("the replacement is empty");
  draft.data.pre_tokenizer.push_back(std::move(out));
  return fields.status();
}

static Status readSplit(const json &step, const std::string &place, TokenizerDraft &draft) {
  TokenizerFields fields(step, place, {"type", "pattern", "behavior", "invert"});
  std::string pattern;
  bool regex = false;
  SplitBehavior behavior = SplitBehavior::Isolated;
  LATHE_TRY(readBehavior(fields, behavior));
  LATHE_TRY(readPattern(fields.child("pattern"), place, pattern, regex));
  addSplit(draft, std::move(pattern), behavior, fields.flag("invert", false), regex);
  return fields.status();
}

Status lathe::readPreTokenizer(const json &step, TokenizerDraft &draft) {
  std::string type = typeOf(step), place = "pre_tokenizer " + inQuotes(type);
  if (type == "Sequence") return eachStep(step, "pretokenizers", place, draft, readPreTokenizer);
  if (draft.byteLevel) // what follows would see the stand-ins for bytes, not the text
    return Status(Code::Unsupported, place + " behind ByteLevel is not supported");
  if (type == "ByteLevel") return readByteLevel(step, place, draft);
  if (type == "Metaspace") return readMetaspace(step, place, draft);
  if (type == "Split") return readSplit(step, place, draft);
  if (type == "Digits") {
    TokenizerFields fields(step, place, {"type", "individual_digits"});
    bool single = fields.flag("individual_digits", false);
    addSplit(draft, single ? "\\p{N}" : "\\p{N}+", SplitBehavior::Isolated);
    return fields.status();
  }
  if (type == "Punctuation") {
    TokenizerFields fields(step, place, {"type", "behavior"});
    SplitBehavior behavior = SplitBehavior::Isolated;
    LATHE_TRY(readBehavior(fields, behavior));
    addSplit(draft, "[\\p{P}$+<=>^`|~]", behavior);
    return {};
  }
  if (type == "CharDelimiterSplit") {
    TokenizerFields fields(step, place, {"type", "delimiter"});
    addSplit(draft, fields.text("delimiter", ""), SplitBehavior::Removed, false, /*regex=*/false);
    return fields.status();
  }
  Status status = TokenizerFields(step, place, {"type"}).status();
  if (type == "BertPreTokenizer") {
    addBertSplits(draft);
  } else if (type == "WhitespaceSplit") {
    addSplit(draft, "\\s", SplitBehavior::Removed);
  } else if (type == "Whitespace") {
    // The library uses another engine here, with another \w than in a Split.
    std::string word = "\\p{Alphabetic}\\p{M}\\p{Nd}\\p{Pc}\\p{Join_Control}";
    addSplit(draft, "[" + word + "]+|[^" + word + "\\s]+", SplitBehavior::Removed, /*invert=*/true);
  } else {
    return Status(Code::Unsupported, "the " + place + " is not supported");
  }
  return status;
}

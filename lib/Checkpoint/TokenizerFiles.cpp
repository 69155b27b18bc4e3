// vocab.json with merges.txt (GPT-2, Qwen 2) and vocab.txt (BERT): files that leave the steps around the
// model to the class that reads them.
#include "Checkpoint/Json.h"
#include "Checkpoint/TokenizerSources.h"
#include "Tokenizer/Unicode.h"
#include "Tokenizer/Utf8.h"

using namespace lathe;
using namespace lathe::fb::tokenizer;
using nlohmann::json;

/// `line(text)` for each line, without its end; stops at the first failure.
template <typename Line> static Status eachLine(std::string_view file, Line line) {
  while (!file.empty()) {
    size_t end = std::min(file.find('\n'), file.size());
    std::string_view text = file.substr(0, end);
    file.remove_prefix(std::min(end + 1, file.size()));
    if (text.ends_with('\r')) text.remove_suffix(1);
    LATHE_TRY(line(text));
  }
  return {};
}

static void addNormalForm(TokenizerDraft &draft, NormalizerKind kind) {
  draft.data.normalizer.push_back(std::make_unique<NormalizerStepT>());
  draft.data.normalizer.back()->kind = kind;
}

Status lathe::readVocabularyAndMerges(const json &vocabulary, std::string_view merges,
                                      const std::string &className, bool prefixSpace, TokenizerDraft &draft) {
  bool gpt2 = className == "GPT2Tokenizer" || className == "GPT2TokenizerFast";
  bool qwen2 = className == "Qwen2Tokenizer" || className == "Qwen2TokenizerFast";
  if (!gpt2 && !qwen2)
    return Status(Code::Unsupported,
                  "vocab.json and merges.txt need a tokenizer_class that says how text is split; " +
                      (className.empty() ? "there is none" : inQuotes(className) + " is not supported") +
                      " (supported: GPT2Tokenizer, Qwen2Tokenizer; save a tokenizer.json for others)");
  draft.byteLevel = true;
  if (!vocabulary.is_object()) return Status(Code::Corrupt, "vocab.json is not an object");
  for (const auto &[text, id] : vocabulary.items()) {
    if (!id.is_number_unsigned())
      return Status(Code::Corrupt, "vocab.json: the id of " + inQuotes(text) + " is not a whole number");
    LATHE_TRY(addSpelledPiece(draft, id.get<uint64_t>(), text).in("vocab.json"));
  }
  if (!isUtf8(merges)) return Status(Code::Corrupt, "merges.txt is not UTF-8");
  MergeList list(draft);
  LATHE_TRY(eachLine(merges, [&](std::string_view line) {
    return line.empty() || line.starts_with("#version") ? Status() : list.add(line).in("merges.txt");
  }));
  draft.data.model->kind = ModelKind::ByteLevelBpe;
  draft.data.decoder->kind = DecoderKind::ByteLevel;
  if (qwen2) addNormalForm(draft, NormalizerKind::Nfc);
  if (prefixSpace && gpt2) {
    draft.data.pre_tokenizer.push_back(std::make_unique<PreTokenizerStepT>());
    draft.data.pre_tokenizer.back()->kind = PreTokenizerKind::PrependSpace;
  }
  addSplit(draft, qwen2 ? preTokenizerPattern::qwen2 : preTokenizerPattern::gpt2, SplitBehavior::Isolated);
  if (prefixSpace && qwen2) { // behind the split there: each word gets its space
    draft.data.pre_tokenizer.push_back(std::make_unique<PreTokenizerStepT>());
    draft.data.pre_tokenizer.back()->kind = PreTokenizerKind::PrependSpace;
  }
  return {};
}

Status lathe::readVocabularyText(std::string_view file, const BertOptions &options, TokenizerDraft &draft) {
  if (!isUtf8(file)) return Status(Code::Corrupt, "vocab.txt is not UTF-8");
  // Of a token that comes twice the last line counts, as in the library that defines the format.
  std::vector<std::string> lines;
  std::unordered_map<std::string, size_t> last;
  LATHE_TRY(eachLine(file, [&](std::string_view line) {
    while (!line.empty() && static_cast<unsigned char>(line.back()) < 0x80 && isWhiteSpace(line.back()))
      line.remove_suffix(1);
    last[std::string(line)] = lines.size();
    lines.emplace_back(line);
    return Status();
  }));
  for (size_t id = 0; id < lines.size(); ++id) {
    if (last[lines[id]] == id && !lines[id].empty()) LATHE_TRY(draft.place(id, lines[id], lines[id]));
  }
  auto unknown = draft.find("[UNK]");
  if (!unknown) return Status(Code::Corrupt, "vocab.txt has no [UNK]");
  ModelT &model = *draft.data.model;
  model.kind = ModelKind::WordPiece;
  model.continuing_prefix = "##";
  model.unknown = static_cast<int32_t>(*unknown);
  auto step = std::make_unique<NormalizerStepT>();
  step->kind = NormalizerKind::Bert;
  step->clean_text = true;
  step->chinese_characters = options.chineseCharacters;
  step->strip_accents = options.stripAccents;
  step->lowercase = options.lowercase;
  draft.data.normalizer.push_back(std::move(step));
  addBertSplits(draft);
  DecoderT &decoder = *draft.data.decoder;
  decoder.kind = DecoderKind::WordPiece;
  decoder.continuing_prefix = "##";
  decoder.cleanup = true;
  return {};
}

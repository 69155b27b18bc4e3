// The tokenizer of a GGUF file. Its keys:
// https://github.com/ggml-org/ggml/blob/master/docs/gguf.md#tokenizer; what they leave open follows
// llama.cpp.
#include "Checkpoint/Gguf.h"
#include "Checkpoint/Json.h"
#include "Checkpoint/TokenizerReader.h"
#include "Checkpoint/TokenizerSources.h"
#include "Tokenizer/Utf8.h"

using namespace lathe;
using namespace lathe::fb::tokenizer;

namespace {

class GgufTokenizer {
public:
  explicit GgufTokenizer(const Gguf &file) : file_(file) {}

  Status read(TokenizerDraft &draft) {
    auto model = text("model");
    if (!model) return Status(Code::NotFound, "has no tokenizer");
    LATHE_TRY(readLists());
    Status status(Code::Unsupported,
                  "the tokenizer model " + inQuotes(*model) + " is not supported; 'gpt2' and 'llama' are");
    if (*model == "llama") status = readScored(draft);
    if (*model == "gpt2") status = readMerged(draft);
    LATHE_TRY(status);
    return readSpecials(draft, /*bosByDefault=*/*model == "llama");
  }

private:
  const GgufValue *find(const char *key) const { return file_.find(std::string("tokenizer.ggml.") + key); }
  std::optional<std::string_view> text(const char *key) const {
    const GgufValue *value = find(key);
    return value ? value->text() : std::nullopt;
  }
  bool flag(const char *key, bool missing) const {
    const GgufValue *value = find(key);
    auto number = value ? value->number() : std::nullopt;
    return number ? *number != 0 : missing;
  }

  Status readLists() {
    const GgufValue *tokens = find("tokens"), *types = find("token_type"), *scores = find("scores");
    auto pieces = tokens ? tokens->texts() : std::nullopt;
    if (!pieces) return Status(Code::Corrupt, "tokenizer.ggml.tokens is missing or not a list of strings");
    pieces_ = std::move(*pieces);
    types_ =
        types ? types->numbers().value_or(std::vector<double>()) : std::vector<double>(pieces_.size(), 1);
    scores_ =
        scores ? scores->numbers().value_or(std::vector<double>()) : std::vector<double>(pieces_.size(), 0);
    if (types_.size() != pieces_.size() || scores_.size() != pieces_.size())
      return Status(Code::Corrupt, "tokenizer.ggml.token_type or .scores has not one number per token");
    return {};
  }

  Status readScored(TokenizerDraft &draft) {
    draft.data.model->kind = ModelKind::ScoredBpe;
    draft.data.model->byte_fallback = true;
    for (size_t id = 0; id < pieces_.size(); ++id) {
      uint64_t type = types_[id] >= 1 && types_[id] <= 6 ? static_cast<uint64_t>(types_[id]) : 0;
      LATHE_TRY(addScoredPiece(draft, id, std::string(pieces_[id]), type, static_cast<float>(scores_[id])));
      if (type != 4) continue;
      AddedTokenT token; // found before anything else, as llama.cpp does
      token.content = pieces_[id];
      LATHE_TRY(draft.addToken(std::move(token), id));
    }
    bool prefix = flag("add_space_prefix", true);
    addSpaceMarks(draft, prefix ? PrependScheme::Always : PrependScheme::Never);
    decodeSpaceMarks(draft, prefix);
    return {};
  }

  Status readMerged(TokenizerDraft &draft) {
    draft.byteLevel = true;
    draft.data.model->kind = ModelKind::ByteLevelBpe;
    draft.data.decoder->kind = DecoderKind::ByteLevel;
    for (size_t id = 0; id < pieces_.size(); ++id) {
      if (!isUtf8(pieces_[id])) return Status(Code::Corrupt, "token " + std::to_string(id) + " is not UTF-8");
      LATHE_TRY(addSpelledPiece(draft, id, std::string(pieces_[id])));
      if (types_[id] != 3 && types_[id] != 4) continue;
      AddedTokenT token;
      token.content = pieces_[id];
      token.special = types_[id] == 3;
      LATHE_TRY(draft.addToken(std::move(token), id));
    }
    const GgufValue *merges = find("merges");
    auto lines = merges ? merges->texts() : std::nullopt;
    if (!lines) return Status(Code::Corrupt, "tokenizer.ggml.merges is missing or not a list of strings");
    MergeList list(draft);
    for (std::string_view line : *lines) LATHE_TRY(list.add(line));
    return readSplit(draft);
  }

  Status readSplit(TokenizerDraft &draft) {
    std::string_view name = text("pre").value_or("");
    static const std::pair<const char *, const char *> known[] = {{"gpt-2", preTokenizerPattern::gpt2},
                                                                  {"qwen2", preTokenizerPattern::qwen2},
                                                                  {"llama-bpe", preTokenizerPattern::llama3}};
    for (const auto &[key, pattern] : known) {
      if (name != key) continue;
      addSplit(draft, pattern, SplitBehavior::Isolated);
      draft.data.model->ignore_merges = name == "llama-bpe";
      return {};
    }
    return Status(Code::Unsupported,
                  "the pre-tokenizer " + inQuotes(name) +
                      " (tokenizer.ggml.pre) is not supported; gpt-2, qwen2 and llama-bpe are");
  }

  Status readSpecials(TokenizerDraft &draft, bool bosByDefault) {
    SpecialIdsT &ids = *draft.data.specials;
    const std::pair<const char *, int32_t *> keys[] = {
        {"bos_token_id", &ids.bos},     {"eos_token_id", &ids.eos}, {"unknown_token_id", &ids.unknown},
        {"padding_token_id", &ids.pad}, {"cls_token_id", &ids.cls}, {"seperator_token_id", &ids.sep},
        {"mask_token_id", &ids.mask}};
    for (const auto &[key, target] : keys) {
      const GgufValue *value = find(key);
      auto number = value ? value->number() : std::nullopt;
      if (!number) continue;
      if (!(*number >= 0 && *number < draft.size()))
        return Status(Code::Corrupt, std::string("tokenizer.ggml.") + key + " is not in the vocabulary");
      *target = static_cast<int32_t>(*number);
    }
    if (draft.data.model->kind == ModelKind::ScoredBpe) draft.data.model->unknown = ids.unknown;
    if (flag("add_bos_token", bosByDefault) && ids.bos >= 0)
      draft.data.prefix_ids = {static_cast<uint32_t>(ids.bos)};
    if (flag("add_eos_token", false) && ids.eos >= 0)
      draft.data.suffix_ids = {static_cast<uint32_t>(ids.eos)};
    const GgufValue *chat = file_.find("tokenizer.chat_template");
    std::string_view templateText = chat ? chat->text().value_or("") : "";
    if (isUtf8(templateText)) draft.data.chat_template = templateText;
    return {};
  }

  const Gguf &file_;
  std::vector<std::string_view> pieces_;
  std::vector<double> types_, scores_;
};

} // namespace

Result<std::vector<std::byte>> lathe::readGgufTokenizer(const std::string &path) {
  auto file = Gguf::open(path);
  if (!file) return file.status();
  TokenizerDraft draft;
  LATHE_TRY(GgufTokenizer(*file).read(draft).in(path));
  auto bytes = draft.finish();
  if (!bytes) return bytes.status().in(path);
  return bytes;
}

// tokenizer.json: the model, its vocabulary and merges, and the added tokens.
#include "Checkpoint/Json.h"
#include "Checkpoint/TokenizerSources.h"

using namespace lathe;
using namespace lathe::fb::tokenizer;
using nlohmann::json;

Status lathe::addSpelledPiece(TokenizerDraft &draft, uint64_t id, const std::string &text) {
  auto bytes = bytesOfSpelling(text);
  // What no bytes spell, no text becomes: such a piece is only reached by its id.
  PieceType type = bytes ? PieceType::Normal : PieceType::UserDefined;
  return draft.place(id, text, bytes.value_or(text), type);
}

static Status readVocabulary(const json &vocabulary, bool byteFallback, TokenizerDraft &draft) {
  if (!vocabulary.is_object()) return Status(Code::Corrupt, "model: vocab is not an object");
  for (const auto &[text, id] : vocabulary.items()) {
    if (!id.is_number_unsigned())
      return Status(Code::Corrupt, "model: the id of " + inQuotes(text) + " is not a whole number");
    if (draft.byteLevel) {
      LATHE_TRY(addSpelledPiece(draft, id.get<uint64_t>(), text));
      continue;
    }
    auto byte = byteFallback ? byteOfName(text) : std::nullopt;
    LATHE_TRY(draft.place(id.get<uint64_t>(), text, byte ? std::string(1, *byte) : text,
                          byte ? PieceType::Byte : PieceType::Normal));
  }
  return {};
}

static Status readMerges(const json &merges, TokenizerDraft &draft) {
  if (!merges.is_array()) return Status(Code::Corrupt, "model: merges is not a list");
  draft.data.model->merges.reserve(merges.size());
  MergeList list(draft);
  for (const json &merge : merges) {
    Status status(Code::Corrupt, "model: a merge is neither a string nor a pair of strings");
    if (merge.is_string())
      status = list.add(merge.get_ref<const std::string &>());
    else if (merge.is_array() && merge.size() == 2 && merge[0].is_string() && merge[1].is_string())
      status = list.add(merge[0].get_ref<const std::string &>(), merge[1].get_ref<const std::string &>());
    LATHE_TRY(status);
  }
  return {};
}

static Status readUnknown(TokenizerFields &fields, TokenizerDraft &draft) {
  std::string text = fields.text("unk_token", "");
  LATHE_TRY(fields.status());
  if (text.empty()) return {};
  auto id = draft.find(text);
  if (!id)
    return Status(Code::Corrupt, "model: the unknown token " + inQuotes(text) + " is not in the vocabulary");
  draft.data.model->unknown = draft.data.specials->unknown = static_cast<int32_t>(*id);
  return {};
}

static Status readBpe(const json &model, TokenizerDraft &draft) {
  TokenizerFields fields(model, "model",
                         {"type", "dropout", "unk_token", "continuing_subword_prefix", "end_of_word_suffix",
                          "fuse_unk", "byte_fallback", "ignore_merges", "vocab", "merges"});
  const json *dropout = fields.child("dropout");
  if (dropout && *dropout != 0) fields.refuse("dropout is for training only and not supported");
  for (const char *key : {"continuing_subword_prefix", "end_of_word_suffix"})
    if (!fields.text(key, "").empty()) fields.refuse(std::string(key) + " is not supported");
  ModelT &out = *draft.data.model;
  out.kind = draft.byteLevel ? ModelKind::ByteLevelBpe : ModelKind::CharacterBpe;
  out.fuse_unknown = fields.flag("fuse_unk", false);
  out.byte_fallback = fields.flag("byte_fallback", false);
  out.ignore_merges = fields.flag("ignore_merges", false);
  if (draft.byteLevel && out.byte_fallback) fields.refuse("byte_fallback on bytes is not supported");
  LATHE_TRY(fields.status());
  const json *vocabulary = fields.child("vocab"), *merges = fields.child("merges");
  if (!vocabulary || !merges) return Status(Code::Corrupt, "model: vocab or merges is missing");
  LATHE_TRY(readVocabulary(*vocabulary, out.byte_fallback, draft));
  LATHE_TRY(readMerges(*merges, draft));
  return readUnknown(fields, draft);
}

static Status readWordPiece(const json &model, TokenizerDraft &draft) {
  TokenizerFields fields(
      model, "model",
      {"type", "unk_token", "continuing_subword_prefix", "max_input_chars_per_word", "vocab"});
  if (draft.byteLevel) fields.refuse("WordPiece behind a ByteLevel pre-tokenizer is not supported");
  draft.data.model->kind = ModelKind::WordPiece;
  draft.data.model->continuing_prefix = fields.text("continuing_subword_prefix", "##");
  uint64_t characters = fields.number("max_input_chars_per_word", 100);
  if (characters > 65536)
    fields.refuse("max_input_chars_per_word is " + std::to_string(characters) + ", more than 65536");
  draft.data.model->max_word_characters = static_cast<uint32_t>(characters);
  LATHE_TRY(fields.status());
  const json *vocabulary = fields.child("vocab");
  if (!vocabulary) return Status(Code::Corrupt, "model: vocab is missing");
  LATHE_TRY(readVocabulary(*vocabulary, false, draft));
  return readUnknown(fields, draft);
}

static Status readModel(const json &model, TokenizerDraft &draft) {
  if (!model.is_object()) return Status(Code::Corrupt, "model is not an object");
  // Files of old releases leave the type out; the fields tell.
  std::string type = model.contains("merges")                     ? "BPE"
                     : model.contains("max_input_chars_per_word") ? "WordPiece"
                                                                  : "";
  if (auto given = model.find("type"); given != model.end() && given->is_string())
    type = given->get<std::string>();
  if (type == "BPE") return readBpe(model, draft);
  if (type == "WordPiece") return readWordPiece(model, draft);
  return Status(Code::Unsupported,
                "model: the type " + inQuotes(type) + " is not supported; BPE and WordPiece are");
}

static Status readAddedTokens(const json &tokens, TokenizerDraft &draft) {
  if (!tokens.is_array()) return Status(Code::Corrupt, "added_tokens is not a list");
  for (const json &token : tokens) {
    TokenizerFields fields(token, "added_tokens",
                           {"id", "content", "single_word", "lstrip", "rstrip", "normalized", "special"});
    AddedTokenT added;
    added.content = fields.text("content", "");
    added.single_word = fields.flag("single_word", false);
    added.lstrip = fields.flag("lstrip", false);
    added.rstrip = fields.flag("rstrip", false);
    added.special = fields.flag("special", false);
    added.normalized = fields.flag("normalized", !added.special);
    uint64_t id = fields.number("id", UINT64_MAX);
    LATHE_TRY(fields.status());
    if (id == UINT64_MAX)
      return Status(Code::Corrupt, "added_tokens: the id of " + inQuotes(added.content) + " is missing");
    LATHE_TRY(draft.addToken(std::move(added), id));
  }
  return {};
}

Status lathe::readTokenizerJson(const json &document, TokenizerDraft &draft) {
  // Truncation and padding say what a library does with long and short texts by default; the caller decides
  // here.
  TokenizerFields fields(document, "tokenizer",
                         {"version", "truncation", "padding", "added_tokens", "normalizer", "pre_tokenizer",
                          "post_processor", "decoder", "model"});
  LATHE_TRY(fields.status());
  const json *model = fields.child("model");
  if (!model) return Status(Code::Corrupt, "model is missing");
  // The pre-tokenizer first: it says how the vocabulary is spelled.
  if (const json *part = fields.child("pre_tokenizer")) LATHE_TRY(readPreTokenizer(*part, draft));
  LATHE_TRY(readModel(*model, draft));
  if (const json *part = fields.child("normalizer")) LATHE_TRY(readNormalizer(*part, draft));
  if (const json *part = fields.child("added_tokens")) LATHE_TRY(readAddedTokens(*part, draft));
  const json *decoder = fields.child("decoder");
  LATHE_TRY(readDecoder(decoder ? *decoder : json(), draft));
  if (const json *part = fields.child("post_processor")) LATHE_TRY(readPostProcessor(*part, draft));
  return {};
}

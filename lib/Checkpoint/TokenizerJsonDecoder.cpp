// tokenizer.json: decoders, and the post-processors that put tokens around a text.
#include "Checkpoint/Json.h"
#include "Checkpoint/TokenizerSources.h"

using namespace lathe;
using namespace lathe::fb::tokenizer;
using nlohmann::json;

static std::string typeOf(const json &part) {
  auto type = part.is_object() ? part.find("type") : part.end();
  return type != part.end() && type->is_string() ? type->get<std::string>() : "";
}

/// Replace and Strip as Llama's decoders have them: ▁ becomes a space, one space is taken off the start.
static Status readReplace(const json &decoder, const std::string &place, DecoderT &out) {
  TokenizerFields fields(decoder, place, {"type", "pattern", "content"});
  const json *pattern = fields.child("pattern");
  auto text = pattern && pattern->is_object() ? pattern->find("String") : json::const_iterator();
  if (!pattern || !pattern->is_object() || text == pattern->end() || !text->is_string() ||
      fields.text("content", "") != " ")
    fields.refuse("only a string replaced by a space is supported");
  else
    out.replacement = text->get<std::string>();
  return fields.status();
}

static Status readStrip(const json &decoder, const std::string &place, DecoderT &out) {
  TokenizerFields fields(decoder, place, {"type", "content", "start", "stop"});
  uint64_t start = fields.number("start", 0);
  if (fields.text("content", "") != " " || fields.number("stop", 0) != 0 || start > 1024)
    fields.refuse("only spaces at the start can be stripped");
  out.strip_leading = static_cast<uint32_t>(start);
  return fields.status();
}

static Status readPart(const json &decoder, TokenizerDraft &draft) {
  DecoderT &out = *draft.data.decoder;
  std::string type = typeOf(decoder), place = "decoder " + inQuotes(type);
  if (type == "ByteLevel") {
    if (!draft.byteLevel)
      return Status(Code::Unsupported, place + " without a ByteLevel pre-tokenizer is not supported");
    out.kind = DecoderKind::ByteLevel;
    return TokenizerFields(decoder, place, {"type", "add_prefix_space", "trim_offsets", "use_regex"})
        .status();
  }
  if (type == "WordPiece") {
    TokenizerFields fields(decoder, place, {"type", "prefix", "cleanup"});
    out.kind = DecoderKind::WordPiece;
    out.continuing_prefix = fields.text("prefix", "##");
    out.cleanup = fields.flag("cleanup", true);
    return fields.status();
  }
  if (type == "Metaspace") {
    TokenizerFields fields(decoder, place,
                           {"type", "replacement", "prepend_scheme", "add_prefix_space", "split", "str_rep"});
    out.replacement = fields.text("replacement", "\xE2\x96\x81");
    bool prefix =
        fields.text("prepend_scheme", fields.flag("add_prefix_space", true) ? "always" : "never") != "never";
    out.strip_leading = prefix ? 1 : 0;
    return fields.status();
  }
  if (type == "Replace") return readReplace(decoder, place, out);
  if (type == "Strip") return readStrip(decoder, place, out);
  if (type == "Fuse") return TokenizerFields(decoder, place, {"type"}).status();
  if (type == "ByteFallback") {
    if (!draft.data.model->byte_fallback)
      return Status(Code::Unsupported, place + " without byte_fallback in the model is not supported");
    out.spell_bytes = false;
    return TokenizerFields(decoder, place, {"type"}).status();
  }
  return Status(Code::Unsupported, "the " + place + " is not supported");
}

Status lathe::readDecoder(const json &decoder, TokenizerDraft &draft) {
  DecoderT &out = *draft.data.decoder;
  // Without a decoder, tokens are joined with spaces; on bytes that would make no sense.
  out.kind = draft.byteLevel ? DecoderKind::ByteLevel : DecoderKind::Pieces;
  out.separator = decoder.is_null() && !draft.byteLevel ? " " : "";
  out.spell_bytes = true; // unless ByteFallback is among the parts
  if (decoder.is_null()) return {};
  Status status;
  if (typeOf(decoder) != "Sequence") {
    status = readPart(decoder, draft);
  } else {
    auto parts = decoder.find("decoders");
    if (parts == decoder.end() || !parts->is_array())
      return Status(Code::Corrupt, "decoder: decoders is not a list");
    for (const json &part : *parts) LATHE_TRY(readPart(part, draft));
  }
  LATHE_TRY(status);
  if (draft.byteLevel && out.kind != DecoderKind::ByteLevel)
    return Status(Code::Unsupported, "decoder: a ByteLevel pre-tokenizer needs a ByteLevel decoder");
  return {};
}

namespace {
/// What a processor puts around the text.
struct Around {
  std::vector<uint32_t> before, after;
};
} // namespace

/// ["[SEP]", 102]
static Status readPair(const json *pair, const std::string &place, TokenizerDraft &draft,
                       std::vector<uint32_t> &ids) {
  if (!pair || !pair->is_array() || pair->size() != 2 || !(*pair)[0].is_string() ||
      !(*pair)[1].is_number_unsigned())
    return Status(Code::Corrupt, place + ": sep or cls is not a token and its id");
  uint64_t id = (*pair)[1].get<uint64_t>();
  if (id >= draft.size())
    return Status(Code::Corrupt, place + ": the id " + std::to_string(id) + " is not in the vocabulary");
  ids.push_back(static_cast<uint32_t>(id));
  return {};
}

/// The ids of one special token of a template.
static Status readTemplateToken(const json &name, const json *tokens, TokenizerDraft &draft,
                                std::vector<uint32_t> &ids) {
  if (!name.is_string() || !tokens || !tokens->is_object())
    return Status(Code::Corrupt, "post_processor: a template's token has no name or no list of tokens");
  auto token = tokens->find(name.get_ref<const std::string &>());
  auto list = token != tokens->end() && token->is_object() ? token->find("ids") : json::const_iterator();
  if (token == tokens->end() || !token->is_object() || list == token->end() || !list->is_array())
    return Status(Code::Corrupt,
                  "post_processor: special_tokens has no ids of " + inQuotes(name.get<std::string>()));
  for (const json &id : *list) {
    if (!id.is_number_unsigned() || id.get<uint64_t>() >= draft.size())
      return Status(Code::Corrupt, "post_processor: an id of " + inQuotes(name.get<std::string>()) +
                                       " is not in the vocabulary");
    ids.push_back(static_cast<uint32_t>(id.get<uint64_t>()));
  }
  return {};
}

static Status readTemplate(const json &processor, const std::string &place, TokenizerDraft &draft,
                           Around &around) {
  TokenizerFields fields(processor, place, {"type", "single", "pair", "special_tokens"});
  LATHE_TRY(fields.status());
  const json *single = fields.child("single"), *tokens = fields.child("special_tokens");
  if (!single || !single->is_array()) return Status(Code::Corrupt, place + ": single is not a list");
  bool text = false;
  for (const json &part : *single) {
    if (!part.is_object() || part.size() != 1)
      return Status(Code::Corrupt, place + ": single has a part of no kind");
    if (part.contains("Sequence")) {
      if (text) return Status(Code::Unsupported, place + ": a template with the text twice is not supported");
      text = true;
      continue;
    }
    auto special = part.find("SpecialToken");
    if (special == part.end() || !special->is_object() || !special->contains("id"))
      return Status(Code::Corrupt, place + ": single has a part that is neither text nor a special token");
    LATHE_TRY(readTemplateToken((*special)["id"], tokens, draft, text ? around.after : around.before));
  }
  if (!text) return Status(Code::Unsupported, place + ": a template without the text is not supported");
  return {};
}

Status lathe::readPostProcessor(const json &processor, TokenizerDraft &draft) {
  std::string type = typeOf(processor), place = "post_processor " + inQuotes(type);
  if (type == "Sequence") {
    auto parts = processor.find("processors");
    if (parts == processor.end() || !parts->is_array())
      return Status(Code::Corrupt, place + ": processors is not a list");
    for (const json &part : *parts) LATHE_TRY(readPostProcessor(part, draft));
    return {};
  }
  Around around;
  if (type == "ByteLevel") {
    // Only moves offsets into the text, which Lathe does not report.
  } else if (type == "TemplateProcessing") {
    LATHE_TRY(readTemplate(processor, place, draft, around));
  } else if (type == "BertProcessing" || type == "RobertaProcessing") {
    TokenizerFields fields(processor, place, {"type", "sep", "cls", "trim_offsets", "add_prefix_space"});
    LATHE_TRY(fields.status());
    LATHE_TRY(readPair(fields.child("cls"), place, draft, around.before));
    LATHE_TRY(readPair(fields.child("sep"), place, draft, around.after));
  } else {
    return Status(Code::Unsupported, "the " + place + " is not supported");
  }
  // Processors of a sequence wrap what the ones before them made.
  auto &prefix = draft.data.prefix_ids, &suffix = draft.data.suffix_ids;
  prefix.insert(prefix.begin(), around.before.begin(), around.before.end());
  suffix.insert(suffix.end(), around.after.begin(), around.after.end());
  return {};
}

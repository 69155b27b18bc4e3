// tokenizer.model: SentencePiece's protobuf (sentencepiece_model.proto). Its few fields are read directly,
// every length checked; a protobuf library would be a dependency for this alone.
#include "Checkpoint/Json.h"
#include "Checkpoint/TokenizerSources.h"
#include "Tokenizer/Utf8.h"
#include "Tokenizer/Vocabulary.h"

#include <bit>
#include <cstring>

using namespace lathe;
using namespace lathe::fb::tokenizer;

namespace {

/// One field of a protobuf message.
struct Field {
  uint32_t number = 0;
  uint64_t value = 0;    ///< varint and fixed types
  std::string_view text; ///< length-delimited types

  bool flag() const { return value != 0; }
  int32_t integer() const { return static_cast<int32_t>(value); }
  float real() const { return std::bit_cast<float>(static_cast<uint32_t>(value)); }
};

class Message {
public:
  explicit Message(std::string_view bytes) : rest_(bytes) {}
  bool atEnd() const { return rest_.empty(); }
  /// Reads the next field; false where the bytes are damaged.
  bool next(Field &field) {
    uint64_t tag = 0;
    field.value = 0;
    field.text = {};
    if (!varint(tag) || tag >> 3 == 0 || tag >> 3 > 0x1FFFFFFF) return false;
    field.number = static_cast<uint32_t>(tag >> 3);
    switch (tag & 7) {
    case 0:
      return varint(field.value);
    case 1:
      return fixed(field.value, 8);
    case 5:
      return fixed(field.value, 4);
    case 2: {
      uint64_t length = 0;
      if (!varint(length) || length > rest_.size()) return false;
      field.text = rest_.substr(0, length);
      rest_.remove_prefix(length);
      return true;
    }
    default:
      return false; // groups are not used
    }
  }

private:
  bool varint(uint64_t &value) {
    value = 0;
    for (unsigned shift = 0; shift < 64 && !rest_.empty(); shift += 7) {
      auto byte = static_cast<unsigned char>(rest_[0]);
      rest_.remove_prefix(1);
      value |= static_cast<uint64_t>(byte & 0x7F) << shift;
      if (byte < 0x80) return true;
    }
    return false;
  }
  bool fixed(uint64_t &value, size_t bytes) {
    if (rest_.size() < bytes) return false;
    value = 0;
    for (size_t i = 0; i < bytes; ++i)
      value |= static_cast<uint64_t>(static_cast<unsigned char>(rest_[i])) << 8 * i;
    rest_.remove_prefix(bytes);
    return true;
  }
  std::string_view rest_;
};

Status damaged() { return {Code::Corrupt, "not a SentencePiece model, or a damaged one"}; }

struct Spec {
  int32_t modelType = 1, unknown = 0, bos = 1, eos = 2, pad = -1;
  bool byteFallback = false, spaceAsSuffix = false;
  std::string rule;
  bool rewrites = false; ///< the normalizer has a table of replacements
  bool dummyPrefix = true, removeExtraSpaces = true, escapeSpaces = true;
};

Status readTrainer(std::string_view bytes, Spec &spec) {
  Field field;
  for (Message message(bytes); !message.atEnd();) {
    if (!message.next(field)) return damaged();
    switch (field.number) {
    case 3:
      spec.modelType = field.integer();
      break;
    case 24:
      spec.spaceAsSuffix = field.flag();
      break;
    case 35:
      spec.byteFallback = field.flag();
      break;
    case 40:
      spec.unknown = field.integer();
      break;
    case 41:
      spec.bos = field.integer();
      break;
    case 42:
      spec.eos = field.integer();
      break;
    case 43:
      spec.pad = field.integer();
      break;
    default:
      break;
    }
  }
  return {};
}

Status readNormalizer(std::string_view bytes, Spec &spec) {
  Field field;
  for (Message message(bytes); !message.atEnd();) {
    if (!message.next(field)) return damaged();
    switch (field.number) {
    case 1:
      spec.rule = field.text;
      break;
    case 2:
      spec.rewrites = !field.text.empty();
      break;
    case 3:
      spec.dummyPrefix = field.flag();
      break;
    case 4:
      spec.removeExtraSpaces = field.flag();
      break;
    case 5:
      spec.escapeSpaces = field.flag();
      break;
    default:
      break;
    }
  }
  return {};
}

Status readPiece(std::string_view bytes, TokenizerDraft &draft) {
  std::string text;
  float score = 0;
  uint64_t type = 1;
  Field field;
  for (Message message(bytes); !message.atEnd();) {
    if (!message.next(field)) return damaged();
    if (field.number == 1) text = field.text;
    if (field.number == 2) score = field.real();
    if (field.number == 3) type = field.value;
  }
  return addScoredPiece(draft, draft.size(), std::move(text), type, score);
}

void addRemoval(TokenizerDraft &draft, std::string pattern) {
  auto step = std::make_unique<NormalizerStepT>();
  step->kind = NormalizerKind::Replace;
  step->pattern = std::move(pattern);
  step->regex = true;
  draft.data.normalizer.push_back(std::move(step));
}

Status checkSpec(const Spec &spec) {
  auto unsupported = [](const std::string &what) {
    return Status(Code::Unsupported, "SentencePiece: " + what);
  };
  static const char *const types[] = {"", "Unigram", "BPE", "word", "character"};
  if (spec.modelType != 2)
    return unsupported(
        "the model type " +
        std::string(spec.modelType >= 1 && spec.modelType <= 4 ? types[spec.modelType] : "(unknown)") +
        " is not supported, only BPE is; a tokenizer.json beside it would be used instead");
  if (spec.rewrites)
    return unsupported("the normalization rule " + inQuotes(spec.rule) +
                       " is not supported, only 'identity' is");
  if (spec.spaceAsSuffix) return unsupported("treat_whitespace_as_suffix is not supported");
  if (!spec.escapeSpaces) return unsupported("escape_whitespaces = false is not supported");
  return {};
}

} // namespace

Status lathe::addScoredPiece(TokenizerDraft &draft, uint64_t id, std::string text, uint64_t type,
                             float score) {
  static constexpr PieceType types[] = {PieceType::Normal,      PieceType::Unknown, PieceType::Control,
                                        PieceType::UserDefined, PieceType::Unused,  PieceType::Byte};
  if (type < 1 || type > std::size(types))
    return Status(Code::Corrupt,
                  "piece " + std::to_string(id) + " has the unknown type " + std::to_string(type));
  if (!isUtf8(text)) return Status(Code::Corrupt, "piece " + std::to_string(id) + " is not UTF-8");
  PieceType kind = types[type - 1];
  std::string bytes = text;
  if (kind == PieceType::Byte) {
    auto byte = byteOfName(text);
    if (!byte) return Status(Code::Corrupt, "the byte piece " + inQuotes(text) + " names no byte");
    bytes.assign(1, *byte);
  }
  LATHE_TRY(draft.place(id, text, std::move(bytes), kind, score));
  if (kind != PieceType::Control && kind != PieceType::Unknown) return {};
  AddedTokenT token;
  token.content = std::move(text);
  token.special = true;
  return draft.addToken(std::move(token), id);
}

Status lathe::readSentencePiece(std::string_view file, TokenizerDraft &draft, PrependScheme scheme) {
  Spec spec;
  Field field;
  for (Message message(file); !message.atEnd();) {
    if (!message.next(field)) return damaged();
    Status status;
    if (field.number == 1) status = readPiece(field.text, draft);
    if (field.number == 2) status = readTrainer(field.text, spec);
    if (field.number == 3) status = readNormalizer(field.text, spec);
    LATHE_TRY(status);
  }
  if (!draft.size()) return damaged();
  LATHE_TRY(checkSpec(spec));
  draft.data.model->kind = ModelKind::ScoredBpe;
  draft.data.model->byte_fallback = spec.byteFallback;
  auto valid = [&](int32_t id) { return id >= 0 && static_cast<uint32_t>(id) < draft.size() ? id : -1; };
  draft.data.model->unknown = draft.data.specials->unknown = valid(spec.unknown);
  draft.data.specials->bos = valid(spec.bos);
  draft.data.specials->eos = valid(spec.eos);
  draft.data.specials->pad = valid(spec.pad);
  if (spec.removeExtraSpaces) addRemoval(draft, "\\A +| (?= )");
  addSpaceMarks(draft, spec.dummyPrefix ? scheme : PrependScheme::Never);
  // At the end the marks go, so that one written in the text goes too, as there.
  if (spec.removeExtraSpaces)
    addRemoval(draft, std::string(spaceMark) + "(?:" + std::string(spaceMark) + ")*+\\z");
  decodeSpaceMarks(draft, spec.dummyPrefix || spec.removeExtraSpaces);
  return {};
}

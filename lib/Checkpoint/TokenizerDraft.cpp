#include "Checkpoint/TokenizerDraft.h"

#include "Checkpoint/Json.h"
#include "Tokenizer/Tokenizer.h"
#include "Tokenizer/Utf8.h"
#include "Tokenizer/Vocabulary.h"

#include <algorithm>

using namespace lathe;
using namespace lathe::fb::tokenizer;

TokenizerDraft::TokenizerDraft() {
  data.version = 1;
  data.model = std::make_unique<ModelT>();
  data.vocabulary = std::make_unique<VocabularyT>();
  data.specials = std::make_unique<SpecialIdsT>();
  data.decoder = std::make_unique<DecoderT>();
}

Status TokenizerDraft::place(uint64_t id, std::string text, std::string bytes, PieceType type, float score) {
  if (id >= 1u << 30)
    return Status(Code::Corrupt, "the token " + inQuotes(text) + " has the id " + std::to_string(id));
  auto narrow = static_cast<uint32_t>(id);
  if (!taken_.insert(narrow).second)
    return Status(Code::Corrupt,
                  "the id " + std::to_string(id) + " of " + inQuotes(text) + " is given twice");
  if (!ids_.emplace(std::move(text), narrow).second)
    return Status(Code::Corrupt, "a token is given twice, the second time with the id " + std::to_string(id));
  pieces_.push_back({narrow, std::move(bytes), type, score});
  size_ = std::max(size_, narrow + 1);
  return {};
}

std::optional<uint32_t> TokenizerDraft::find(const std::string &text) const {
  auto found = ids_.find(text);
  return found == ids_.end() ? std::nullopt : std::optional(found->second);
}

Status TokenizerDraft::addToken(AddedTokenT token, std::optional<uint64_t> id) {
  if (token.content.empty()) return {};
  if (auto known = find(token.content)) {
    token.id = *known;
  } else {
    uint64_t place = id.value_or(size_);
    LATHE_TRY(this->place(place, token.content, token.content,
                          token.special ? PieceType::Control : PieceType::UserDefined));
    token.id = static_cast<uint32_t>(place);
  }
  for (auto &added : data.added_tokens) {
    if (added->content != token.content) continue;
    *added = std::move(token);
    return {};
  }
  data.added_tokens.push_back(std::make_unique<AddedTokenT>(std::move(token)));
  return {};
}

Status TokenizerDraft::layOut() {
  // Holes are allowed, since checkpoints have them; a single id far out would make the table huge.
  if (size_ > 2 * pieces_.size() + 65536)
    return Status(Code::Corrupt, "the highest id is " + std::to_string(size_ - 1) + ", but there are only " +
                                     std::to_string(pieces_.size()) + " tokens");
  std::sort(pieces_.begin(), pieces_.end(), [](const Piece &a, const Piece &b) { return a.id < b.id; });
  VocabularyT &out = *data.vocabulary;
  bool scored = data.model->kind == ModelKind::ScoredBpe;
  out.types.assign(size_, PieceType::Unused);
  out.scores.assign(scored ? size_ : 0, 0);
  out.ends.reserve(size_);
  for (const Piece &piece : pieces_) {
    out.ends.resize(piece.id, static_cast<uint32_t>(out.bytes.size()));
    out.bytes.insert(out.bytes.end(), piece.bytes.begin(), piece.bytes.end());
    out.ends.push_back(static_cast<uint32_t>(out.bytes.size()));
    out.types[piece.id] = piece.type;
    if (scored) out.scores[piece.id] = piece.score;
  }
  return {};
}

Result<std::vector<std::byte>> TokenizerDraft::finish() {
  LATHE_TRY(layOut());
  flatbuffers::FlatBufferBuilder builder;
  FinishTokenizerDataBuffer(builder, TokenizerData::Pack(builder, &data));
  const auto *bytes = reinterpret_cast<const std::byte *>(builder.GetBufferPointer());
  std::vector<std::byte> out(bytes, bytes + builder.GetSize());
  // What can't be loaded should fail here, where the checkpoint is known, not on a user's machine.
  auto tokenizer = Tokenizer::load(out);
  if (!tokenizer) return tokenizer.status();
  return out;
}

namespace {
/// GPT-2 spells each byte as a printable character: those that are printable as themselves, the other 68 as
/// U+0100 on.
struct ByteSpelling {
  ByteSpelling() {
    std::fill(std::begin(byte), std::end(byte), -1);
    int next = 0x100;
    for (int value = 0; value < 256; ++value) {
      bool printable = (value >= 0x21 && value <= 0x7E) || (value >= 0xA1 && value != 0xAD);
      byte[printable ? value : next++] = static_cast<int16_t>(value);
    }
  }
  int16_t byte[0x100 + 68];
};
} // namespace

std::optional<std::string> lathe::bytesOfSpelling(std::string_view text) {
  static const ByteSpelling spelling;
  std::string bytes;
  for (size_t at = 0; at < text.size();) {
    char32_t character = nextCharacter(text, at);
    if (character >= std::size(spelling.byte) || spelling.byte[character] < 0) return std::nullopt;
    bytes += static_cast<char>(spelling.byte[character]);
  }
  return bytes;
}

std::optional<char> lathe::byteOfName(std::string_view text) {
  if (text.size() != 6 || !text.starts_with("<0x") || text[5] != '>') return std::nullopt;
  int value = 0;
  for (char c : text.substr(3, 2)) {
    int digit = c >= '0' && c <= '9'   ? c - '0'
                : c >= 'A' && c <= 'F' ? c - 'A' + 10
                : c >= 'a' && c <= 'f' ? c - 'a' + 10
                                       : -1;
    if (digit < 0) return std::nullopt;
    value = value * 16 + digit;
  }
  return static_cast<char>(value);
}

Status MergeList::add(const std::string &left, const std::string &right) {
  auto a = draft_.find(left), b = draft_.find(right), whole = draft_.find(left + right);
  if (!a || !b || !whole)
    return Status(Code::Corrupt, "the merge of " + inQuotes(left) + " and " + inQuotes(right) +
                                     " needs the token " +
                                     inQuotes(!a   ? left
                                              : !b ? right
                                                   : left + right) +
                                     ", which the vocabulary lacks");
  draft_.data.model->merges.emplace_back(*a, *b, *whole);
  return {};
}

Status MergeList::add(std::string_view line) {
  size_t space = line.find(' ');
  if (space == line.npos || line.find(' ', space + 1) != line.npos)
    return Status(Code::Corrupt, "the merge " + inQuotes(line) + " is not two tokens with a space between");
  return add(std::string(line.substr(0, space)), std::string(line.substr(space + 1)));
}

void lathe::addSplit(TokenizerDraft &draft, std::string pattern, SplitBehavior behavior, bool invert,
                     bool regex) {
  auto step = std::make_unique<PreTokenizerStepT>();
  step->kind = PreTokenizerKind::Split;
  step->pattern = std::move(pattern);
  step->regex = regex;
  step->behavior = behavior;
  step->invert = invert;
  draft.data.pre_tokenizer.push_back(std::move(step));
}

void lathe::addBertSplits(TokenizerDraft &draft) {
  addSplit(draft, "\\s", SplitBehavior::Removed);
  addSplit(draft, "[\\p{P}$+<=>^`|~]", SplitBehavior::Isolated);
}

void lathe::addSpaceMarks(TokenizerDraft &draft, PrependScheme scheme) {
  if (scheme != PrependScheme::Never) {
    auto prepend = std::make_unique<NormalizerStepT>();
    prepend->kind = NormalizerKind::Prepend;
    prepend->content = spaceMark;
    prepend->scheme = scheme;
    draft.data.normalizer.push_back(std::move(prepend));
  }
  auto replace = std::make_unique<NormalizerStepT>();
  replace->kind = NormalizerKind::Replace;
  replace->pattern = " ";
  replace->content = spaceMark;
  draft.data.normalizer.push_back(std::move(replace));
}

void lathe::decodeSpaceMarks(TokenizerDraft &draft, bool leading) {
  draft.data.decoder->kind = DecoderKind::Pieces;
  draft.data.decoder->replacement = spaceMark;
  draft.data.decoder->strip_leading = leading;
}

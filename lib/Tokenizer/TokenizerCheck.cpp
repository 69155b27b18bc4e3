#include "Tokenizer/TokenizerCheck.h"

#include "Tokenizer/Utf8.h"

#include <cmath>
#include <limits>

using namespace lathe;
using namespace lathe::fb::tokenizer;

static Status corrupt(const std::string &what) { return {Code::Corrupt, "tokenizer: " + what}; }

// Several tables of a flatbuffer may share one string; unpacked, each gets a copy. So their sizes are added
// up first.
static bool unpacksInProportion(const TokenizerData &data, size_t size) {
  uint64_t total = 0;
  auto add = [&](const flatbuffers::String *text) { total += text ? text->size() : 0; };
  if (data.added_tokens())
    for (const auto *token : *data.added_tokens()) add(token->content());
  if (data.normalizer())
    for (const auto *step : *data.normalizer()) add(step->pattern()), add(step->content());
  if (data.pre_tokenizer())
    for (const auto *step : *data.pre_tokenizer()) add(step->pattern()), add(step->replacement());
  return total <= 2 * static_cast<uint64_t>(size);
}

Result<TokenizerDataT> lathe::unpackTokenizer(std::span<const std::byte> flatbuffer) {
  if (flatbuffer.size() < 16 || flatbuffer.size() >= std::numeric_limits<int32_t>::max())
    return corrupt("its size of " + std::to_string(flatbuffer.size()) + " bytes is not one that it can have");
  // Fields are read in place, which needs their alignment.
  std::vector<uint64_t> aligned;
  if (reinterpret_cast<uintptr_t>(flatbuffer.data()) % 8) {
    aligned.resize(flatbuffer.size() / 8 + 1);
    std::memcpy(aligned.data(), flatbuffer.data(), flatbuffer.size());
    flatbuffer = {reinterpret_cast<const std::byte *>(aligned.data()), flatbuffer.size()};
  }
  const auto *bytes = reinterpret_cast<const uint8_t *>(flatbuffer.data());
  flatbuffers::Verifier verifier(bytes, flatbuffer.size(), /*max_depth=*/16, /*max_tables=*/1 << 20);
  if (!TokenizerDataBufferHasIdentifier(bytes) || !VerifyTokenizerDataBuffer(verifier))
    return corrupt("its bytes are damaged or cut short");
  const TokenizerData &data = *GetTokenizerData(bytes);
  if (!unpacksInProportion(data, flatbuffer.size())) return corrupt("its strings overlap");
  TokenizerDataT unpacked;
  data.UnPackTo(&unpacked);
  return unpacked;
}

static Status checkVocabulary(const VocabularyT &vocabulary, ModelKind kind) {
  size_t size = vocabulary.ends.size();
  if (!size) return corrupt("the vocabulary is empty");
  if (vocabulary.types.size() != size) return corrupt("the vocabulary has not one type per piece");
  bool scored = kind == ModelKind::ScoredBpe;
  if (vocabulary.scores.size() != (scored ? size : 0))
    return corrupt("the vocabulary has not one score per piece");
  for (float score : vocabulary.scores)
    if (!std::isfinite(score)) return corrupt("a score is not finite");
  uint32_t begin = 0;
  for (size_t id = 0; id < size; ++id) {
    uint32_t end = vocabulary.ends[id];
    std::string name = "piece " + std::to_string(id);
    if (end < begin || end > vocabulary.bytes.size())
      return corrupt(name + " lies outside of the vocabulary's bytes");
    if (vocabulary.types[id] > PieceType::MAX) return corrupt(name + " has an unknown type");
    std::string_view piece(reinterpret_cast<const char *>(vocabulary.bytes.data()) + begin, end - begin);
    if (vocabulary.types[id] == PieceType::Byte) {
      if (piece.size() != 1) return corrupt(name + " stands for a byte and is not one");
    } else if (kind != ModelKind::ByteLevelBpe && !isUtf8(piece)) {
      return corrupt(name + " is not UTF-8");
    }
    begin = end;
  }
  return {};
}

static Status checkText(const std::string &text, size_t limit, const char *what) {
  if (text.size() > limit)
    return corrupt(std::string(what) + " is longer than " + std::to_string(limit) + " bytes");
  if (!isUtf8(text)) return corrupt(std::string(what) + " is not UTF-8");
  return {};
}

static Status checkSteps(const TokenizerDataT &data) {
  constexpr size_t mostSteps = 64, longestPattern = 16 << 10, longestContent = 64;
  if (data.normalizer.size() > mostSteps || data.pre_tokenizer.size() > mostSteps)
    return corrupt("too many steps");
  for (const auto &step : data.normalizer) {
    if (step->kind > NormalizerKind::MAX || step->scheme > PrependScheme::MAX)
      return corrupt("a normalizer step is of an unknown kind");
    LATHE_TRY(checkText(step->pattern, longestPattern, "a normalizer's pattern"));
    LATHE_TRY(checkText(step->content, longestContent, "a normalizer's content"));
  }
  for (const auto &step : data.pre_tokenizer) {
    if (step->kind > PreTokenizerKind::MAX || step->behavior > SplitBehavior::MAX ||
        step->scheme > PrependScheme::MAX)
      return corrupt("a pre-tokenizer step is of an unknown kind");
    LATHE_TRY(checkText(step->pattern, longestPattern, "a pre-tokenizer's pattern"));
    LATHE_TRY(checkText(step->replacement, longestContent, "a pre-tokenizer's replacement"));
  }
  const DecoderT &decoder = *data.decoder;
  if (decoder.kind > DecoderKind::MAX) return corrupt("the decoder is of an unknown kind");
  LATHE_TRY(checkText(decoder.separator, longestContent, "the decoder's separator"));
  LATHE_TRY(checkText(decoder.replacement, longestContent, "the decoder's replacement"));
  return checkText(decoder.continuing_prefix, longestContent, "the decoder's prefix");
}

static Status checkIds(const TokenizerDataT &data) {
  auto size = static_cast<int64_t>(data.vocabulary->ends.size());
  auto outside = [&](int64_t id) { return id < 0 || id >= size; };
  for (const Merge &merge : data.model->merges)
    if (outside(merge.left()) || outside(merge.right()) || outside(merge.result()))
      return corrupt("a merge names a piece outside of the vocabulary");
  for (const auto &token : data.added_tokens) {
    if (outside(token->id)) return corrupt("an added token lies outside of the vocabulary");
    LATHE_TRY(checkText(token->content, 64 << 10, "an added token"));
  }
  constexpr size_t mostTemplate = 64;
  if (data.prefix_ids.size() > mostTemplate || data.suffix_ids.size() > mostTemplate)
    return corrupt("too many tokens around a text");
  for (const auto *ids : {&data.prefix_ids, &data.suffix_ids})
    for (uint32_t id : *ids)
      if (outside(id)) return corrupt("a token around a text lies outside of the vocabulary");
  const SpecialIdsT &special = *data.specials;
  for (int32_t id : {special.bos, special.eos, special.unknown, special.pad, special.cls, special.sep,
                     special.mask, data.model->unknown})
    if (id != -1 && outside(id)) return corrupt("a special token lies outside of the vocabulary");
  return {};
}

Status lathe::checkTokenizer(const TokenizerDataT &data) {
  if (data.version != 1)
    return Status(Code::Unsupported,
                  "tokenizer: version " + std::to_string(data.version) + " is not known; it is 1");
  if (!data.model || !data.vocabulary || !data.specials || !data.decoder) return corrupt("a part is missing");
  if (data.model->kind > ModelKind::MAX) return corrupt("the model is of an unknown kind");
  LATHE_TRY(checkText(data.model->continuing_prefix, 64, "the model's prefix"));
  LATHE_TRY(checkVocabulary(*data.vocabulary, data.model->kind));
  LATHE_TRY(checkSteps(data));
  return checkIds(data);
}

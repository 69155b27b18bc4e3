#include "Tokenizer/Tokenizer.h"

#include "Tokenizer/AddedTokens.h"
#include "Tokenizer/Decoder.h"
#include "Tokenizer/Model.h"
#include "Tokenizer/Normalizer.h"
#include "Tokenizer/PreTokenizer.h"
#include "Tokenizer/TokenizerCheck.h"

#include <unordered_map>

using namespace lathe;
using namespace lathe::fb::tokenizer;

static constexpr size_t longestText = 1 << 30;

/// Model and decoder refer to the vocabulary, so this never moves.
struct Tokenizer::Data {
  Data(TokenizerDataT &&from, unsigned searched)
      : vocabulary(std::move(*from.vocabulary), searched), decoder(std::move(*from.decoder), vocabulary) {}
  lathe::Vocabulary vocabulary;
  lathe::Decoder decoder;
  std::unique_ptr<lathe::Model> model;
  Normalizer normalizer;
  PreTokenizer preTokenizer;
  AddedTokens raw, normalized; ///< looked for before and after normalizing
  std::unordered_map<std::string, int32_t> addedIds;
  std::vector<bool> isSpecial;
  std::vector<uint32_t> prefix, suffix;
  SpecialTokens special;
  std::string chatTemplate;
};

/// Which types of pieces the model finds in text, a bit each.
static unsigned searchedTypes(ModelKind kind) {
  auto bit = [](PieceType type) { return 1u << static_cast<unsigned>(type); };
  if (kind != ModelKind::ScoredBpe) return bit(PieceType::Normal);
  return bit(PieceType::Normal) | bit(PieceType::UserDefined) | bit(PieceType::Unused);
}

static std::unique_ptr<lathe::Model> makeModel(const ModelT &data, const lathe::Vocabulary &pieces) {
  switch (data.kind) {
  case ModelKind::ScoredBpe:
    return makeScoredBpe(data, pieces);
  case ModelKind::WordPiece:
    return makeWordPiece(data, pieces);
  default:
    return makeMergeBpe(data, pieces);
  }
}

Result<Tokenizer> Tokenizer::load(std::span<const std::byte> flatbuffer) {
  auto unpacked = unpackTokenizer(flatbuffer);
  if (!unpacked) return unpacked.status();
  TokenizerDataT &from = *unpacked;
  LATHE_TRY(checkTokenizer(from));
  auto normalizer = Normalizer::make(from.normalizer);
  if (!normalizer) return normalizer.status().in("tokenizer");
  auto preTokenizer = PreTokenizer::make(from.pre_tokenizer);
  if (!preTokenizer) return preTokenizer.status().in("tokenizer");

  ModelT model = std::move(*from.model);
  auto data = std::make_shared<Data>(std::move(from), searchedTypes(model.kind));
  data->normalizer = std::move(*normalizer);
  data->preTokenizer = std::move(*preTokenizer);
  const SpecialIdsT &ids = *from.specials;
  data->special = {ids.bos, ids.eos, ids.unknown, ids.pad, ids.cls, ids.sep, ids.mask};
  data->model = makeModel(model, data->vocabulary);
  data->prefix = std::move(from.prefix_ids);
  data->suffix = std::move(from.suffix_ids);
  data->chatTemplate = std::move(from.chat_template);
  data->isSpecial.resize(data->vocabulary.size());
  for (size_t id = 0; id < data->vocabulary.size(); ++id) {
    PieceType type = data->vocabulary.type(id);
    data->isSpecial[id] = type == PieceType::Control || type == PieceType::Unknown;
  }
  for (const auto &token : from.added_tokens) {
    if (token->special) data->isSpecial[token->id] = true;
    data->addedIds.emplace(token->content, static_cast<int32_t>(token->id));
    if (!token->normalized) {
      data->raw.add(*token, token->content);
      continue;
    }
    auto content = data->normalizer.apply(token->content, /*first=*/false);
    if (!content) return content.status().in("tokenizer");
    data->normalized.add(*token, *content);
    data->decoder.setText(static_cast<int32_t>(token->id), std::move(*content));
  }
  return Tokenizer(std::move(data));
}

Result<std::vector<int32_t>> Tokenizer::encode(std::string_view given, EncodeOptions options) const {
  if (given.size() > longestText)
    return Status(Code::InvalidArgument, "a text of " + std::to_string(given.size()) +
                                             " bytes is too long to tokenize at once; give it in parts");
  std::string repaired;
  if (!isUtf8(given)) given = repaired = repairedUtf8(given);
  const Data &data = *data_;
  std::vector<int32_t> ids;
  if (options.addSpecial) ids.assign(data.prefix.begin(), data.prefix.end());
  PreTokenizer::Run words(data.preTokenizer);
  auto scratch = data.model->scratch();
  std::vector<TextPart> parts, inner;
  data.raw.split(given, options.parseSpecial, parts);
  for (const TextPart &part : parts) {
    if (part.id >= 0) {
      ids.push_back(part.id);
      continue;
    }
    bool first = part.text.data() == given.data();
    auto normal = data.normalizer.apply(part.text, first);
    if (!normal) return normal.status();
    inner.clear();
    data.normalized.split(*normal, options.parseSpecial, inner);
    for (const TextPart &text : inner) {
      if (text.id >= 0) {
        ids.push_back(text.id);
        continue;
      }
      auto split = words.split(text.text, first && text.text.data() == normal->data());
      if (!split) return split.status();
      for (std::string_view word : **split) data.model->encode(word, *scratch, ids);
    }
  }
  if (options.addSpecial) ids.insert(ids.end(), data.suffix.begin(), data.suffix.end());
  return ids;
}

Result<std::string> Tokenizer::decode(std::span<const int32_t> ids, bool skipSpecial) const {
  std::string text;
  StreamDecoder stream(*this, skipSpecial);
  for (int32_t id : ids) {
    if (id < 0 || id >= vocabularySize())
      return Status(Code::InvalidArgument, "token " + std::to_string(id) +
                                               " is outside of the vocabulary of " +
                                               std::to_string(vocabularySize()));
    stream.push(id, text);
  }
  stream.flush(text);
  return text;
}

std::string Tokenizer::tokenBytes(int32_t id) const {
  return id >= 0 && id < vocabularySize() ? data_->decoder.bytes(id) : std::string();
}

int32_t Tokenizer::vocabularySize() const { return static_cast<int32_t>(data_->vocabulary.size()); }

bool Tokenizer::isSpecial(int32_t id) const {
  return id >= 0 && id < vocabularySize() && data_->isSpecial[static_cast<size_t>(id)];
}

int32_t Tokenizer::find(std::string_view content) const {
  auto added = data_->addedIds.find(std::string(content));
  return added != data_->addedIds.end() ? added->second : data_->vocabulary.find(content);
}

const SpecialTokens &Tokenizer::special() const { return data_->special; }
const std::string &Tokenizer::chatTemplate() const { return data_->chatTemplate; }

StreamDecoder::StreamDecoder(const Tokenizer &tokenizer, bool skipSpecial)
    : data_(tokenizer.data_), skipSpecial_(skipSpecial) {}

void StreamDecoder::push(int32_t id, std::string &out) {
  if (id < 0 || static_cast<size_t>(id) >= data_->vocabulary.size()) return;
  if (skipSpecial_ && data_->isSpecial[static_cast<size_t>(id)]) return;
  data_->decoder.append(state_, id, out);
}

std::string StreamDecoder::push(int32_t id) {
  std::string out;
  push(id, out);
  return out;
}

void StreamDecoder::flush(std::string &out) {
  data_->decoder.finish(state_, out);
  state_ = {};
}

std::string StreamDecoder::flush() {
  std::string out;
  flush(out);
  return out;
}

// The files that a tokenizer can come from, each read into a draft. Inputs are untrusted; errors are Corrupt
// or Unsupported and name what is wrong, not the file: the caller adds it.
#pragma once

#include "Checkpoint/TokenizerDraft.h"

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

namespace lathe {

/// tokenizer.json of the Hugging Face library: BPE on bytes, BPE on characters with byte fallback, WordPiece.
Status readTokenizerJson(const nlohmann::json &document, TokenizerDraft &draft);

/// tokenizer.model. `scheme`: which parts of a text get the dummy prefix, where the model wants one at all.
Status readSentencePiece(std::string_view file, TokenizerDraft &draft, fb::tokenizer::PrependScheme scheme);

/// vocab.json and merges.txt of a byte-level BPE; what they leave open comes from `className`
/// ("GPT2Tokenizer").
Status readVocabularyAndMerges(const nlohmann::json &vocabulary, std::string_view merges,
                               const std::string &className, bool prefixSpace, TokenizerDraft &draft);

/// What BERT's tokenizer_config.json says of its normalizer.
struct BertOptions {
  bool lowercase = true, chineseCharacters = true;
  bool stripAccents = true;
};
/// vocab.txt of BERT's WordPiece, one token a line.
Status readVocabularyText(std::string_view file, const BertOptions &options, TokenizerDraft &draft);

/// Puts a piece of a scored model at `id`, its type numbered as SentencePiece and GGUF do (1: normal … 6:
/// byte). Control and unknown pieces become special tokens, found where they are written out.
Status addScoredPiece(TokenizerDraft &draft, uint64_t id, std::string text, uint64_t type, float score);

/// Puts a piece of a byte-level model at `id`.
Status addSpelledPiece(TokenizerDraft &draft, uint64_t id, const std::string &text);

/// The parts of tokenizer.json.
Status readNormalizer(const nlohmann::json &step, TokenizerDraft &draft);
Status readPreTokenizer(const nlohmann::json &step, TokenizerDraft &draft);
Status readDecoder(const nlohmann::json &decoder, TokenizerDraft &draft);
Status readPostProcessor(const nlohmann::json &processor, TokenizerDraft &draft);

/// An object's fields, read with their types checked; the first thing wrong is kept as status().
class TokenizerFields {
public:
  /// `known` lists every key that may stand in the object: another one could change results and is
  /// Unsupported.
  TokenizerFields(const nlohmann::json &object, std::string place,
                  std::initializer_list<std::string_view> known);
  bool flag(const char *key, bool missing);
  std::string text(const char *key, const std::string &missing);
  uint64_t number(const char *key, uint64_t missing);
  /// Null where the key is missing or its value is null.
  const nlohmann::json *child(const char *key) const;
  /// Keeps a failure of the object: "<place>: <what>".
  void refuse(const std::string &what);
  Status status() const { return status_; }

private:
  const nlohmann::json &object_;
  std::string place_;
  Status status_;
};

} // namespace lathe

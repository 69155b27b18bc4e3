// A tokenizer while it is being read: every source (tokenizer.json, SentencePiece, GGUF, …) fills one of
// these.
#pragma once

#include "Support/Status.h"
#include "Tokenizer/Tokenizer_generated.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

namespace lathe {

struct TokenizerDraft {
  TokenizerDraft();

  /// Puts a piece at `id`: `text` as the checkpoint spells it, `bytes` as text has it. Fails with Corrupt
  /// where the id or the spelling is taken or the id is out of range.
  Status place(uint64_t id, std::string text, std::string bytes,
               fb::tokenizer::PieceType type = fb::tokenizer::PieceType::Normal, float score = 0);
  /// The id of the piece so spelled.
  std::optional<uint32_t> find(const std::string &text) const;
  /// Adds a token that is found in text as a whole; where it is known already its flags are renewed. Its id
  /// is that of the piece so spelled, else `id`, else the next free one.
  Status addToken(fb::tokenizer::AddedTokenT token, std::optional<uint64_t> id);
  /// One past the highest id.
  uint32_t size() const { return size_; }

  /// The flatbuffer of it all, which Tokenizer::load has accepted.
  Result<std::vector<std::byte>> finish();

  /// All but the vocabulary and the list of added tokens, which the functions above fill.
  fb::tokenizer::TokenizerDataT data;
  /// What the model's pieces are spelled in: GPT-2's printable stand-ins for bytes.
  bool byteLevel = false;

private:
  struct Piece {
    uint32_t id;
    std::string bytes;
    fb::tokenizer::PieceType type;
    float score;
  };
  Status layOut();
  std::vector<Piece> pieces_;
  std::unordered_map<std::string, uint32_t> ids_;
  std::unordered_set<uint32_t> taken_;
  uint32_t size_ = 0;
};

/// GPT-2's spelling of bytes: the bytes that `text` stands for, or none where it holds a character that
/// stands for none.
std::optional<std::string> bytesOfSpelling(std::string_view text);

/// The byte that "<0x0A>" names.
std::optional<char> byteOfName(std::string_view text);

/// Fills the merges of BPE from pairs of spellings, in the order of their ranks. Corrupt names the merge
/// whose parts or result are no pieces.
class MergeList {
public:
  explicit MergeList(TokenizerDraft &draft) : draft_(draft) {}
  Status add(const std::string &left, const std::string &right);
  /// "left right"
  Status add(std::string_view line);

private:
  TokenizerDraft &draft_;
};

/// The pre-tokenizers that files without one leave to the class that reads them.
namespace preTokenizerPattern {
inline constexpr const char *gpt2 =
    "'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+";
inline constexpr const char *qwen2 = "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}| "
                                     "?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|"
                                     "\\s+(?!\\S)|\\s+";
inline constexpr const char *llama3 = "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}{1,3}"
                                      "| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|"
                                      "\\s+(?!\\S)|\\s+";
} // namespace preTokenizerPattern

/// Appends a step that splits at the matches of an expression.
void addSplit(TokenizerDraft &draft, std::string pattern, fb::tokenizer::SplitBehavior behavior,
              bool invert = false, bool regex = true);
/// BERT's words: white space parts them, punctuation characters stand alone.
void addBertSplits(TokenizerDraft &draft);
/// SentencePiece's treatment of spaces: a ▁ before the text, as `scheme` says, and ▁ for each space.
void addSpaceMarks(TokenizerDraft &draft, fb::tokenizer::PrependScheme scheme);
/// What takes them away again; `leading`: the first space too.
void decodeSpaceMarks(TokenizerDraft &draft, bool leading);

} // namespace lathe

// The pieces of a tokenizer, by id and by their bytes.
#pragma once

#include "Tokenizer/Tokenizer_generated.h"

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace lathe {

using fb::tokenizer::PieceType;

class Vocabulary {
public:
  static constexpr int32_t none = -1;

  /// Takes checked data (checkTokenizer). Pieces of the types in `searched` (a bit per PieceType) are found
  /// by find().
  Vocabulary(fb::tokenizer::VocabularyT data, unsigned searched);

  size_t size() const { return ends_.size(); }
  std::string_view piece(size_t id) const {
    size_t begin = id ? ends_[id - 1] : 0;
    return {reinterpret_cast<const char *>(bytes_.data()) + begin, ends_[id] - begin};
  }
  PieceType type(size_t id) const { return types_[id]; }
  /// 0 where the model has no scores.
  float score(size_t id) const { return scores_.empty() ? 0 : scores_[id]; }
  /// The id of the piece with these bytes (the lowest, if several have them), or `none`.
  int32_t find(std::string_view bytes) const;
  /// The piece that stands for one byte, or `none`.
  int32_t byte(unsigned char value) const { return byteIds_[value]; }
  /// Bytes of the longest piece that find() finds.
  size_t longest() const { return longest_; }
  /// Whether no piece that find() finds has ▁ behind another character: words can be encoded one by one.
  bool spacesBeginPieces() const { return spacesBeginPieces_; }

private:
  void insert(int32_t id);
  std::vector<uint8_t> bytes_;
  std::vector<uint32_t> ends_;
  std::vector<PieceType> types_;
  std::vector<float> scores_;
  std::vector<int32_t> table_; ///< open addressing, a power of two of slots
  int32_t byteIds_[256];
  size_t longest_ = 0;
  bool spacesBeginPieces_ = false;
};

/// U+2581, which SentencePiece writes for a space.
inline constexpr std::string_view spaceMark = "\xE2\x96\x81";

/// Takes the first word off `text`: its leading ▁s and what follows up to the next ▁. Merging words one by one keeps the
/// heap small where no merge crosses from one into the next.
inline std::string_view takeWord(std::string_view &text) {
  size_t cut = 0;
  while (text.substr(cut).starts_with(spaceMark)) cut += spaceMark.size();
  cut = std::min(text.find(spaceMark, cut), text.size());
  std::string_view word = text.substr(0, cut);
  text.remove_prefix(cut);
  return word;
}

/// Whether ▁ stands behind something else than ▁.
bool crossesSpace(std::string_view piece);

} // namespace lathe

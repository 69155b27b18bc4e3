#include "Tokenizer/Vocabulary.h"

#include <algorithm>
#include <bit>
#include <functional>

using namespace lathe;

bool lathe::crossesSpace(std::string_view piece) {
  while (piece.starts_with(spaceMark)) piece.remove_prefix(spaceMark.size());
  return piece.find(spaceMark) != piece.npos;
}

Vocabulary::Vocabulary(fb::tokenizer::VocabularyT data, unsigned searched)
    : bytes_(std::move(data.bytes)), ends_(std::move(data.ends)), types_(std::move(data.types)),
      scores_(std::move(data.scores)) {
  table_.assign(std::bit_ceil(size() * 2 + 2), none);
  std::fill(std::begin(byteIds_), std::end(byteIds_), none);
  bool crosses = false;
  for (size_t id = 0; id < size(); ++id) {
    std::string_view text = piece(id);
    if (types_[id] == PieceType::Byte) {
      int32_t &slot = byteIds_[static_cast<unsigned char>(text[0])];
      if (slot == none) slot = static_cast<int32_t>(id);
    }
    if (text.empty() || !(searched >> static_cast<unsigned>(types_[id]) & 1)) continue;
    insert(static_cast<int32_t>(id));
    longest_ = std::max(longest_, text.size());
    crosses |= crossesSpace(text);
  }
  // Where ▁ itself is unknown, runs of unknown characters may cross it.
  spacesBeginPieces_ = !crosses && find(spaceMark) != none;
}

void Vocabulary::insert(int32_t id) {
  std::string_view bytes = piece(static_cast<size_t>(id));
  size_t mask = table_.size() - 1;
  for (size_t slot = std::hash<std::string_view>()(bytes) & mask;; slot = (slot + 1) & mask) {
    if (table_[slot] == none) {
      table_[slot] = id;
      return;
    }
    if (piece(static_cast<size_t>(table_[slot])) == bytes) return;
  }
}

int32_t Vocabulary::find(std::string_view bytes) const {
  if (bytes.empty() || bytes.size() > longest_) return none;
  size_t mask = table_.size() - 1;
  for (size_t slot = std::hash<std::string_view>()(bytes) & mask;; slot = (slot + 1) & mask) {
    int32_t id = table_[slot];
    if (id == none || piece(static_cast<size_t>(id)) == bytes) return id;
  }
}

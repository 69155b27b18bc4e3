// SentencePiece's BPE: two neighbours merge when their concatenation is a piece; the highest score goes
// first, and among equals the leftmost. After "sentencepiece/src/bpe_model.cc", whose results are the
// reference.
#include "Tokenizer/AddedTokens.h"
#include "Tokenizer/Model.h"
#include "Tokenizer/Utf8.h"

#include <algorithm>
#include <limits>
#include <unordered_map>

using namespace lathe;

namespace {

constexpr uint32_t end = std::numeric_limits<uint32_t>::max();

struct Symbol {
  uint32_t begin, bytes;   ///< in the word; 0 bytes: gone
  uint32_t previous, next; ///< neighbours that are still there, or `end`
  int32_t merged;          ///< the piece that this and `next` make, or Vocabulary::none
  bool frozen;             ///< a user-defined piece: never merged
};
struct Candidate {
  float score;
  uint32_t symbol;
  int32_t merged;
  uint32_t bytes;
  bool operator<(const Candidate &other) const {
    return score != other.score ? score < other.score : symbol > other.symbol;
  }
};
struct ScoredScratch : Model::Scratch {
  std::vector<Symbol> symbols;
  std::vector<Candidate> heap;
  std::unordered_map<std::string_view, uint32_t> leftBytes; ///< of the unused pieces that came up
  std::vector<std::string_view> open;                       ///< parts still to be emitted
};

class ScoredBpe final : public Model {
public:
  ScoredBpe(const fb::tokenizer::ModelT &data, const Vocabulary &vocabulary)
      : vocabulary_(vocabulary), unknown_(data.unknown), byteFallback_(data.byte_fallback),
        splitAtSpaces_(vocabulary.spacesBeginPieces()) {
    for (size_t id = 0; id < vocabulary.size(); ++id) {
      if (vocabulary.type(id) == PieceType::UserDefined && !vocabulary.piece(id).empty())
        userDefined_.insert(vocabulary.piece(id), static_cast<uint32_t>(id));
    }
  }

  std::unique_ptr<Scratch> scratch() const override { return std::make_unique<ScoredScratch>(); }

  void encode(std::string_view word, Scratch &scratch, std::vector<int32_t> &ids) const override {
    auto &own = static_cast<ScoredScratch &>(scratch);
    while (splitAtSpaces_ && !word.empty()) encodePart(takeWord(word), own, ids);
    if (!word.empty()) encodePart(word, own, ids);
  }

private:
  void startSymbols(std::string_view word, std::vector<Symbol> &symbols) const {
    symbols.clear();
    for (size_t at = 0; at < word.size();) {
      size_t bytes = userDefined_.longest(word.substr(at)).bytes;
      bool frozen = bytes != 0;
      if (!frozen) bytes = utf8Length(static_cast<unsigned char>(word[at]));
      auto index = static_cast<uint32_t>(symbols.size());
      symbols.push_back({static_cast<uint32_t>(at), static_cast<uint32_t>(bytes), index ? index - 1 : end,
                         index + 1, Vocabulary::none, frozen});
      at += bytes;
    }
    symbols.back().next = end;
  }

  void encodePart(std::string_view word, ScoredScratch &scratch, std::vector<int32_t> &ids) const {
    auto &symbols = scratch.symbols;
    auto &heap = scratch.heap;
    startSymbols(word, symbols);
    heap.clear();
    scratch.leftBytes.clear();
    auto renew = [&](uint32_t i) {
      Symbol &left = symbols[i];
      left.merged = Vocabulary::none;
      if (left.next == end || left.frozen || symbols[left.next].frozen) return;
      uint32_t bytes = left.bytes + symbols[left.next].bytes;
      left.merged = vocabulary_.find(word.substr(left.begin, bytes));
      if (left.merged == Vocabulary::none) return;
      if (vocabulary_.type(static_cast<size_t>(left.merged)) == PieceType::Unused)
        scratch.leftBytes[word.substr(left.begin, bytes)] = left.bytes;
      heap.push_back({vocabulary_.score(static_cast<size_t>(left.merged)), i, left.merged, bytes});
      std::push_heap(heap.begin(), heap.end());
    };
    for (uint32_t i = 0; i < symbols.size(); ++i) renew(i);
    while (!heap.empty()) {
      std::pop_heap(heap.begin(), heap.end());
      Candidate best = heap.back();
      heap.pop_back();
      Symbol &left = symbols[best.symbol];
      if (!left.bytes || left.merged != best.merged || left.next == end ||
          left.bytes + symbols[left.next].bytes != best.bytes)
        continue; // overtaken by another merge
      Symbol &right = symbols[left.next];
      left.bytes = best.bytes;
      left.next = right.next;
      right.bytes = 0;
      if (left.next != end) symbols[left.next].previous = best.symbol;
      renew(best.symbol);
      if (left.previous != end) renew(left.previous);
    }
    for (uint32_t i = 0; i != end; i = symbols[i].next)
      emit(word.substr(symbols[i].begin, symbols[i].bytes), scratch, ids);
  }

  /// An unused piece only served as a step: it is taken apart again into the halves that made it.
  void emit(std::string_view text, ScoredScratch &scratch, std::vector<int32_t> &ids) const {
    scratch.open.assign(1, text);
    while (!scratch.open.empty()) {
      std::string_view part = scratch.open.back();
      scratch.open.pop_back();
      int32_t id = vocabulary_.find(part);
      if (id == Vocabulary::none) {
        appendUnknown(part, vocabulary_, byteFallback_, true, unknown_, ids);
        continue;
      }
      auto halves = scratch.leftBytes.end();
      if (vocabulary_.type(static_cast<size_t>(id)) == PieceType::Unused)
        halves = scratch.leftBytes.find(part);
      if (halves == scratch.leftBytes.end()) {
        ids.push_back(id);
      } else {
        scratch.open.push_back(part.substr(halves->second));
        scratch.open.push_back(part.substr(0, halves->second));
      }
    }
  }

  const Vocabulary &vocabulary_;
  ByteTrie userDefined_;
  int32_t unknown_;
  bool byteFallback_, splitAtSpaces_;
};

} // namespace

std::unique_ptr<Model> lathe::makeScoredBpe(const fb::tokenizer::ModelT &data, const Vocabulary &vocabulary) {
  return std::make_unique<ScoredBpe>(data, vocabulary);
}

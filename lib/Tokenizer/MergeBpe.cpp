// BPE by ranked merges: GPT-2 and Llama 3 on bytes, Llama 2's tokenizer.json on characters.
//
// A heap holds the neighbours that may merge, lowest rank first, leftmost first among equals, so a word of n
// symbols takes O(n log n) however long it is.
#include "Tokenizer/Model.h"
#include "Tokenizer/Utf8.h"

#include <algorithm>
#include <bit>
#include <limits>

using namespace lathe;
using fb::tokenizer::ModelKind;

namespace {

constexpr uint32_t noRank = std::numeric_limits<uint32_t>::max();
constexpr uint32_t end = std::numeric_limits<uint32_t>::max();

struct Symbol {
  int32_t id;
  uint32_t previous, next; ///< neighbours that are still there, or `end`
  uint32_t rank;           ///< of merging with `next`; noRank where that is no merge or this symbol is gone
  int32_t result;
};
/// Orders std::push_heap's maximum to be the lowest rank, then the leftmost.
struct Candidate {
  uint32_t rank, symbol;
  bool operator<(const Candidate &other) const {
    return rank != other.rank ? rank > other.rank : symbol > other.symbol;
  }
};
struct MergeScratch : Model::Scratch {
  std::vector<Symbol> symbols;
  std::vector<Candidate> heap;
  std::vector<int32_t> start;
};

/// (left, right) → rank and result, by open addressing.
class MergeTable {
public:
  explicit MergeTable(const std::vector<fb::tokenizer::Merge> &merges) {
    slots_.resize(std::bit_ceil(merges.size() * 2 + 2));
    for (size_t rank = 0; rank < merges.size(); ++rank) {
      uint64_t key = keyOf(merges[rank].left(), merges[rank].right());
      Slot &slot = slots_[find(key)];
      if (slot.rank != noRank) continue; // a pair given twice keeps its first rank
      slot = {key, static_cast<uint32_t>(rank), static_cast<int32_t>(merges[rank].result())};
    }
  }
  void look(int32_t left, int32_t right, Symbol &symbol) const {
    const Slot &slot = slots_[find(keyOf(static_cast<uint32_t>(left), static_cast<uint32_t>(right)))];
    symbol.rank = slot.rank;
    symbol.result = slot.result;
  }

private:
  struct Slot {
    uint64_t key = 0;
    uint32_t rank = noRank;
    int32_t result = 0;
  };
  static uint64_t keyOf(uint32_t left, uint32_t right) { return static_cast<uint64_t>(left) << 32 | right; }
  size_t find(uint64_t key) const {
    uint64_t hash = key * 0x9E3779B97F4A7C15u;
    size_t mask = slots_.size() - 1, slot = (hash ^ hash >> 32) & mask;
    while (slots_[slot].rank != noRank && slots_[slot].key != key) slot = (slot + 1) & mask;
    return slot;
  }
  std::vector<Slot> slots_;
};

class MergeBpe final : public Model {
public:
  MergeBpe(const fb::tokenizer::ModelT &data, const Vocabulary &vocabulary)
      : vocabulary_(vocabulary), merges_(data.merges), bytes_(data.kind == ModelKind::ByteLevelBpe),
        byteFallback_(data.byte_fallback), fuse_(data.fuse_unknown), ignoreMerges_(data.ignore_merges),
        splitAtSpaces_(!bytes_ && !ignoreMerges_ && vocabulary.spacesBeginPieces()), unknown_(data.unknown) {
    for (unsigned value = 0; value < 256; ++value) {
      char byte = static_cast<char>(value);
      byteIds_[value] = vocabulary.find({&byte, 1});
    }
  }

  std::unique_ptr<Scratch> scratch() const override { return std::make_unique<MergeScratch>(); }

  void encode(std::string_view word, Scratch &scratch, std::vector<int32_t> &ids) const override {
    auto &own = static_cast<MergeScratch &>(scratch);
    while (splitAtSpaces_ && !word.empty()) encodePart(takeWord(word), own, ids);
    if (!word.empty()) encodePart(word, own, ids);
  }

private:
  void encodePart(std::string_view word, MergeScratch &scratch, std::vector<int32_t> &ids) const {
    if (ignoreMerges_) {
      if (int32_t id = vocabulary_.find(word); id != Vocabulary::none) return ids.push_back(id);
    }
    startSymbols(word, scratch.start);
    merge(scratch, ids);
  }

  void startSymbols(std::string_view word, std::vector<int32_t> &start) const {
    start.clear();
    if (bytes_) {
      for (unsigned char value : word) {
        if (byteIds_[value] != Vocabulary::none)
          start.push_back(byteIds_[value]);
        else if (unknown_ != Vocabulary::none && !(fuse_ && !start.empty() && start.back() == unknown_))
          start.push_back(unknown_);
      }
      return;
    }
    for (size_t at = 0; at < word.size();) {
      std::string_view character = word.substr(at, utf8Length(static_cast<unsigned char>(word[at])));
      at += character.size();
      int32_t id = vocabulary_.find(character);
      if (id != Vocabulary::none)
        start.push_back(id);
      else
        appendUnknown(character, vocabulary_, byteFallback_, fuse_, unknown_, start);
    }
  }

  void merge(MergeScratch &scratch, std::vector<int32_t> &ids) const {
    auto &symbols = scratch.symbols;
    auto &heap = scratch.heap;
    auto count = static_cast<uint32_t>(scratch.start.size());
    symbols.resize(count);
    heap.clear();
    for (uint32_t i = 0; i < count; ++i) {
      symbols[i] = {scratch.start[i], i ? i - 1 : end, i + 1 < count ? i + 1 : end, noRank, 0};
      if (i + 1 < count) merges_.look(scratch.start[i], scratch.start[i + 1], symbols[i]);
      if (symbols[i].rank != noRank) heap.push_back({symbols[i].rank, i});
    }
    std::make_heap(heap.begin(), heap.end());
    auto renew = [&](uint32_t i) {
      Symbol &symbol = symbols[i];
      symbol.rank = noRank;
      if (symbol.next == end) return;
      merges_.look(symbol.id, symbols[symbol.next].id, symbol);
      if (symbol.rank == noRank) return;
      heap.push_back({symbol.rank, i});
      std::push_heap(heap.begin(), heap.end());
    };
    while (!heap.empty()) {
      std::pop_heap(heap.begin(), heap.end());
      Candidate best = heap.back();
      heap.pop_back();
      Symbol &left = symbols[best.symbol];
      if (left.rank != best.rank) continue; // overtaken by another merge
      Symbol &right = symbols[left.next];
      left.id = left.result;
      left.next = right.next;
      right.rank = noRank;
      if (left.next != end) symbols[left.next].previous = best.symbol;
      renew(best.symbol);
      if (left.previous != end) renew(left.previous);
    }
    for (uint32_t i = count ? 0 : end; i != end; i = symbols[i].next) ids.push_back(symbols[i].id);
  }

  const Vocabulary &vocabulary_;
  MergeTable merges_;
  bool bytes_, byteFallback_, fuse_, ignoreMerges_, splitAtSpaces_;
  int32_t unknown_;
  int32_t byteIds_[256];
};

} // namespace

std::unique_ptr<Model> lathe::makeMergeBpe(const fb::tokenizer::ModelT &data, const Vocabulary &vocabulary) {
  return std::make_unique<MergeBpe>(data, vocabulary);
}

void lathe::appendUnknown(std::string_view text, const Vocabulary &vocabulary, bool byteFallback, bool fuse,
                          int32_t unknown, std::vector<int32_t> &ids) {
  if (byteFallback && std::all_of(text.begin(), text.end(), [&](unsigned char byte) {
        return vocabulary.byte(byte) != Vocabulary::none;
      })) {
    for (unsigned char byte : text) ids.push_back(vocabulary.byte(byte));
  } else if (unknown != Vocabulary::none && !(fuse && !ids.empty() && ids.back() == unknown)) {
    ids.push_back(unknown);
  }
}

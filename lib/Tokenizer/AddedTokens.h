// Tokens that are found in text as a whole, before the model sees it: special ones and those that a user
// added.
#pragma once

#include "Tokenizer/Tokenizer_generated.h"

#include <cstdint>
#include <string_view>
#include <utility>
#include <vector>

namespace lathe {

/// Byte strings, to find which of them a text begins with.
class ByteTrie {
public:
  ByteTrie() : nodes_(1) {}
  /// Where a string comes twice, the first value stays.
  void insert(std::string_view bytes, uint32_t value);
  struct Match {
    uint32_t value;
    size_t bytes; ///< 0: no match
  };
  /// The longest string that `text` begins with.
  Match longest(std::string_view text) const;
  bool empty() const { return nodes_.size() == 1; }

private:
  struct Node {
    std::vector<std::pair<unsigned char, uint32_t>> children; ///< sorted
    int64_t value = -1;
  };
  std::vector<Node> nodes_;
};

/// One part of a text: an added token, or (id < 0) text between them.
struct TextPart {
  std::string_view text;
  int32_t id;
};

class AddedTokens {
public:
  /// `token` is found where `content` stands.
  void add(const fb::tokenizer::AddedTokenT &token, std::string_view content);
  /// Appends the parts of `text`, in order and none empty. Matches are leftmost, then longest; special tokens
  /// are text where `special` is false.
  void split(std::string_view text, bool special, std::vector<TextPart> &parts) const;

private:
  struct Token {
    int32_t id;
    bool special, lstrip, rstrip, singleWord;
  };
  std::vector<Token> tokens_;
  ByteTrie trie_;
};

} // namespace lathe

#include "Tokenizer/AddedTokens.h"

#include "Tokenizer/Unicode.h"
#include "Tokenizer/Utf8.h"

#include <algorithm>

using namespace lathe;

void ByteTrie::insert(std::string_view bytes, uint32_t value) {
  uint32_t node = 0;
  for (char c : bytes) {
    auto byte = static_cast<unsigned char>(c);
    auto &children = nodes_[node].children;
    auto at = std::lower_bound(children.begin(), children.end(), std::pair<unsigned char, uint32_t>{byte, 0});
    if (at == children.end() || at->first != byte) {
      auto fresh = static_cast<uint32_t>(nodes_.size());
      children.insert(at, {byte, fresh});
      nodes_.emplace_back(); // may move `children`
      node = fresh;
    } else {
      node = at->second;
    }
  }
  if (nodes_[node].value < 0) nodes_[node].value = value;
}

ByteTrie::Match ByteTrie::longest(std::string_view text) const {
  Match match{0, 0};
  uint32_t node = 0;
  for (size_t i = 0; i < text.size(); ++i) {
    auto byte = static_cast<unsigned char>(text[i]);
    const auto &children = nodes_[node].children;
    auto at = std::lower_bound(children.begin(), children.end(), std::pair<unsigned char, uint32_t>{byte, 0});
    if (at == children.end() || at->first != byte) break;
    node = at->second;
    if (nodes_[node].value >= 0) match = {static_cast<uint32_t>(nodes_[node].value), i + 1};
  }
  return match;
}

void AddedTokens::add(const fb::tokenizer::AddedTokenT &token, std::string_view content) {
  if (content.empty()) return;
  trie_.insert(content, static_cast<uint32_t>(tokens_.size()));
  tokens_.push_back(
      {static_cast<int32_t>(token.id), token.special, token.lstrip, token.rstrip, token.single_word});
}

static char32_t lastCharacter(std::string_view text, size_t &begin) {
  begin = text.size() - 1;
  while ((text[begin] & 0xC0) == 0x80) --begin;
  size_t at = begin;
  return nextCharacter(text, at);
}

static bool touchesWord(std::string_view before, std::string_view after) {
  size_t at = 0;
  if (!before.empty() && isWordCharacter(lastCharacter(before, at))) return true;
  at = 0;
  return !after.empty() && isWordCharacter(nextCharacter(after, at));
}

void AddedTokens::split(std::string_view text, bool special, std::vector<TextPart> &parts) const {
  size_t done = 0; // what lies before is in `parts`
  for (size_t at = 0; !trie_.empty() && at < text.size();) {
    ByteTrie::Match match = trie_.longest(text.substr(at));
    if (!match.bytes) {
      ++at; // contents are valid UTF-8: none matches inside a character
      continue;
    }
    const Token &token = tokens_[match.value];
    size_t begin = at, stop = at + match.bytes;
    at = stop;
    if (token.special && !special) continue;
    if (token.singleWord && touchesWord(text.substr(0, begin), text.substr(stop))) continue;
    begin = std::max(begin, done);
    if (token.lstrip) {
      size_t character = 0;
      while (begin > done && isWhiteSpace(lastCharacter(text.substr(0, begin), character))) begin = character;
    }
    if (token.rstrip) {
      size_t next = stop;
      while (stop < text.size() && isWhiteSpace(nextCharacter(text, next))) stop = next;
    }
    if (begin > done) parts.push_back({text.substr(done, begin - done), -1});
    parts.push_back({text.substr(begin, stop - begin), token.id});
    done = stop;
    at = std::max(at, done);
  }
  if (done < text.size()) parts.push_back({text.substr(done), -1});
}

// WordPiece: the longest piece that begins a word, then the longest continuation, and so on; a word that
// can't be covered whole is unknown as a whole.
#include "Tokenizer/Model.h"
#include "Tokenizer/Utf8.h"

#include <algorithm>

using namespace lathe;

namespace {

struct WordPieceScratch : Model::Scratch {
  std::string candidate;
};

class WordPiece final : public Model {
public:
  WordPiece(const fb::tokenizer::ModelT &data, const Vocabulary &vocabulary)
      : vocabulary_(vocabulary), prefix_(data.continuing_prefix), unknown_(data.unknown),
        limit_(data.max_word_characters) {}

  std::unique_ptr<Scratch> scratch() const override { return std::make_unique<WordPieceScratch>(); }

  void encode(std::string_view word, Scratch &scratch, std::vector<int32_t> &ids) const override {
    auto characters = std::count_if(word.begin(), word.end(), [](char c) { return (c & 0xC0) != 0x80; });
    size_t before = ids.size();
    bool covered = static_cast<size_t>(characters) <= limit_;
    std::string &candidate = static_cast<WordPieceScratch &>(scratch).candidate;
    for (size_t at = 0; covered && at < word.size();) {
      candidate = at ? prefix_ : std::string();
      size_t prefix = candidate.size();
      size_t room = vocabulary_.longest() > prefix ? vocabulary_.longest() - prefix : 0;
      candidate += word.substr(at, room);
      size_t rest = word.size() - at;
      int32_t id = Vocabulary::none;
      while (candidate.size() > prefix) {
        size_t bytes = candidate.size() - prefix;
        bool whole = bytes == rest || (word[at + bytes] & 0xC0) != 0x80;
        if (whole && (id = vocabulary_.find(candidate)) != Vocabulary::none) break;
        candidate.pop_back();
      }
      covered = id != Vocabulary::none;
      if (covered) ids.push_back(id);
      at += candidate.size() - prefix;
    }
    if (covered) return;
    ids.resize(before);
    if (unknown_ != Vocabulary::none) ids.push_back(unknown_);
  }

private:
  const Vocabulary &vocabulary_;
  std::string prefix_;
  int32_t unknown_;
  size_t limit_;
};

} // namespace

std::unique_ptr<Model> lathe::makeWordPiece(const fb::tokenizer::ModelT &data, const Vocabulary &vocabulary) {
  return std::make_unique<WordPiece>(data, vocabulary);
}

// Ids back to text, one by one: decoding a whole text is decoding it in parts.
#pragma once

#include "Tokenizer/DecoderState.h"
#include "Tokenizer/Vocabulary.h"

#include <string>
#include <unordered_map>

namespace lathe {

class Decoder {
public:
  /// It refers to `vocabulary` for as long as it lives.
  Decoder(fb::tokenizer::DecoderT data, const Vocabulary &vocabulary)
      : data_(std::move(data)), vocabulary_(vocabulary) {}
  /// What an added token reads as, where that is not its piece: the text that it was found as.
  void setText(int32_t id, std::string text) { texts_[id] = std::move(text); }
  /// Appends to `out` the characters that `id`, which is in the vocabulary, completes.
  void append(DecoderState &state, int32_t id, std::string &out) const;
  /// Appends what is left at the end of a text.
  void finish(DecoderState &state, std::string &out) const { state.characters.flush(out); }
  /// The bytes that `id` adds in the middle of a text.
  std::string bytes(int32_t id) const;

private:
  void emit(DecoderState &state, std::string_view bytes, std::string &out) const;
  std::string wordPiece(std::string_view piece, bool first) const;
  std::string_view piece(int32_t id) const;
  fb::tokenizer::DecoderT data_;
  std::unordered_map<int32_t, std::string> texts_;
  const Vocabulary &vocabulary_;
};

} // namespace lathe

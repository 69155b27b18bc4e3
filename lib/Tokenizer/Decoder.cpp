#include "Tokenizer/Decoder.h"

using namespace lathe;
using fb::tokenizer::DecoderKind;

/// `part(text)` for the pieces of `text` around `mark`, with a space for each mark.
template <typename Part> static void markAsSpace(std::string_view text, std::string_view mark, Part part) {
  while (!text.empty()) {
    size_t at = mark.empty() ? text.npos : text.find(mark);
    if (at == text.npos) return part(text);
    if (at) part(text.substr(0, at));
    part(std::string_view(" "));
    text.remove_prefix(at + mark.size());
  }
}

void Decoder::emit(DecoderState &state, std::string_view bytes, std::string &out) const {
  while (!state.begun && !bytes.empty()) {
    if (bytes[0] == ' ' && state.leading < data_.strip_leading) {
      ++state.leading;
      bytes.remove_prefix(1);
    } else {
      state.begun = true;
    }
  }
  state.characters.push(bytes, out);
}

std::string_view Decoder::piece(int32_t id) const {
  PieceType type = vocabulary_.type(static_cast<size_t>(id));
  if (type == PieceType::UserDefined || type == PieceType::Control) {
    if (auto text = texts_.find(id); text != texts_.end()) return text->second;
  }
  return vocabulary_.piece(static_cast<size_t>(id));
}

static std::string byteName(char byte) {
  const char *digits = "0123456789ABCDEF";
  return {'<', '0', 'x', digits[static_cast<unsigned char>(byte) >> 4], digits[byte & 15], '>'};
}

void Decoder::append(DecoderState &state, int32_t id, std::string &out) const {
  std::string_view piece = this->piece(id);
  bool first = !state.any;
  state.any = true;
  switch (data_.kind) {
  case DecoderKind::ByteLevel:
    return emit(state, piece, out);
  case DecoderKind::Pieces:
    if (!first && !data_.separator.empty()) emit(state, data_.separator, out);
    if (vocabulary_.type(static_cast<size_t>(id)) == PieceType::Byte)
      return data_.spell_bytes ? emit(state, byteName(piece[0]), out) : emit(state, piece, out);
    return markAsSpace(piece, data_.replacement, [&](std::string_view part) { emit(state, part, out); });
  case DecoderKind::WordPiece:
    return emit(state, wordPiece(piece, first), out);
  }
}

static void replaceAll(std::string &text, std::string_view from, std::string_view to) {
  for (size_t at = text.find(from); at != text.npos; at = text.find(from, at + to.size()))
    text.replace(at, from.size(), to);
}

std::string Decoder::wordPiece(std::string_view piece, bool first) const {
  std::string text(piece);
  if (!first) {
    bool continues = !data_.continuing_prefix.empty() && piece.starts_with(data_.continuing_prefix);
    text = continues ? text.substr(data_.continuing_prefix.size()) : " " + text;
  }
  if (!data_.cleanup) return text;
  // In the order of the Hugging Face library, piece by piece as there.
  static constexpr std::string_view rules[][2] = {
      {" .", "."},   {" ?", "?"},           {" !", "!"},   {" ,", ","},     {" ' ", "'"},   {" n't", "n't"},
      {" 'm", "'m"}, {" do not", " don't"}, {" 's", "'s"}, {" 've", "'ve"}, {" 're", "'re"}};
  for (const auto &rule : rules) replaceAll(text, rule[0], rule[1]);
  return text;
}

std::string Decoder::bytes(int32_t id) const {
  std::string_view piece = this->piece(id);
  if (data_.kind == DecoderKind::ByteLevel) return std::string(piece);
  if (data_.kind == DecoderKind::WordPiece) return wordPiece(piece, false);
  if (vocabulary_.type(static_cast<size_t>(id)) == PieceType::Byte)
    return data_.spell_bytes ? byteName(piece[0]) : std::string(piece);
  std::string out = data_.separator;
  markAsSpace(piece, data_.replacement, [&](std::string_view part) { out += part; });
  return out;
}

// Text to token ids and back, as a checkpoint's own tokenizer does it.
//
// Text is UTF-8. Bytes that are not are read as U+FFFD, one for each maximal subpart of a character, as
// Python's errors="replace" does; decoded bytes that make no character come out the same way.
#pragma once

#include "Support/Status.h"
#include "Tokenizer/DecoderState.h"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace lathe {

struct EncodeOptions {
  bool addSpecial = true; ///< put the checkpoint's own tokens around the text (<s>; [CLS] … [SEP])
  /// Special tokens written out in the text become their ids; else they are text. Added tokens that are not
  /// special are always found.
  bool parseSpecial = true;
};

/// Ids of tokens with a role, -1 where the checkpoint names none.
struct SpecialTokens {
  int32_t bos = -1, eos = -1, unknown = -1, pad = -1, cls = -1, sep = -1, mask = -1;
};

/// Immutable and cheap to copy; any number of threads may use one at once.
class Tokenizer {
public:
  /// Reads what lib/Checkpoint wrote (Tokenizer.fbs); keeps nothing of `flatbuffer`. Errors: Corrupt;
  /// Unsupported for an expression that can't be run.
  static Result<Tokenizer> load(std::span<const std::byte> flatbuffer);

  /// O(n log n) in the bytes of `text`, of which there may be 1 GiB. Truncates nothing. Errors:
  /// InvalidArgument for a longer text; Unsupported where the checkpoint's own expression takes too many
  /// steps on it.
  Result<std::vector<int32_t>> encode(std::string_view text, EncodeOptions options = {}) const;

  /// The text of `ids`; `skipSpecial` leaves special tokens out. Errors: InvalidArgument for an id that does
  /// not exist.
  Result<std::string> decode(std::span<const int32_t> ids, bool skipSpecial = true) const;

  /// The bytes that `id` adds in the middle of a text, which need not be whole characters; empty where there
  /// is no such id.
  std::string tokenBytes(int32_t id) const;

  /// Ids are 0 … size - 1.
  int32_t vocabularySize() const;
  bool isSpecial(int32_t id) const;
  /// The added token with this content ("<|im_end|>"), or else the piece with these bytes; -1 where there is
  /// none.
  int32_t find(std::string_view content) const;
  const SpecialTokens &special() const;
  /// The checkpoint's chat template (Jinja), or empty.
  const std::string &chatTemplate() const;

private:
  friend class StreamDecoder;
  struct Data;
  explicit Tokenizer(std::shared_ptr<const Data> data) : data_(std::move(data)) {}
  std::shared_ptr<const Data> data_;
};

/// Ids to text as they come. What it hands out are whole characters; all of it together is what
/// Tokenizer::decode gives.
class StreamDecoder {
public:
  explicit StreamDecoder(const Tokenizer &tokenizer, bool skipSpecial = true);

  /// Appends the characters that `id` completes, perhaps none; nothing for an id that does not exist.
  /// Allocates only when `out` grows (WordPiece: always).
  void push(int32_t id, std::string &out);
  std::string push(int32_t id);
  /// Appends U+FFFD when the text ends within a character, and begins a new text.
  void flush(std::string &out);
  std::string flush();

private:
  std::shared_ptr<const Tokenizer::Data> data_;
  DecoderState state_;
  bool skipSpecial_;
};

} // namespace lathe

// What turns one word (a part that the pre-tokenizer leaves whole) into ids.
#pragma once

#include "Support/Status.h"
#include "Tokenizer/Vocabulary.h"

#include <memory>
#include <string_view>
#include <vector>

namespace lathe {

/// Immutable once built; any number of threads may encode at once.
class Model {
public:
  /// Memory that one call of Tokenizer::encode uses over and over.
  class Scratch {
  public:
    virtual ~Scratch() = default;
  };

  virtual ~Model() = default;
  virtual std::unique_ptr<Scratch> scratch() const = 0;
  /// Appends the ids of `word`, valid UTF-8 and not empty. `scratch` comes from scratch() of this model.
  virtual void encode(std::string_view word, Scratch &scratch, std::vector<int32_t> &ids) const = 0;
};

/// The model that checked data describe; it refers to `vocabulary` for as long as it lives.
std::unique_ptr<Model> makeMergeBpe(const fb::tokenizer::ModelT &data, const Vocabulary &vocabulary);
std::unique_ptr<Model> makeScoredBpe(const fb::tokenizer::ModelT &data, const Vocabulary &vocabulary);
std::unique_ptr<Model> makeWordPiece(const fb::tokenizer::ModelT &data, const Vocabulary &vocabulary);

/// Appends what stands for text that no piece covers: its bytes where all of them have pieces
/// (`byteFallback`), else the unknown token (one for neighbours where `fuse`), else nothing.
void appendUnknown(std::string_view text, const Vocabulary &vocabulary, bool byteFallback, bool fuse,
                   int32_t unknown, std::vector<int32_t> &ids);

} // namespace lathe

// Text in the C interface: the only file of the runtime that needs the tokenizer library.
#include "Runtime/CApi.h"
#include "Tokenizer/Tokenizer.h"

using namespace lathe;

static Result<std::shared_ptr<const Tokenizer>> tokenizerOf(const lathe_model *model) {
  if (!model) return invalid("the model is NULL");
  const Artifact &artifact = model->model->artifact();
  if (artifact.tokenizer().empty())
    return Status(Code::Unsupported, artifact.path() + ": the artifact has no tokenizer");
  const auto &attached = model->model->attachment([&]() -> Result<LoadedModel::Attachment> {
    auto loaded = Tokenizer::load(artifact.tokenizer());
    if (!loaded) return loaded.status().in(artifact.path());
    return LoadedModel::Attachment(std::make_shared<const Tokenizer>(std::move(*loaded)));
  });
  if (!attached) return attached.status();
  return std::static_pointer_cast<const Tokenizer>(*attached);
}

/// Copies what fits, or fails with Full; `count` is set either way.
template <typename Element>
static Status copyOut(std::span<const Element> from, Element *to, size_t capacity, size_t *count) {
  *count = from.size();
  if (from.size() > capacity)
    return Status(Code::Full,
                  std::to_string(from.size()) + " don't fit into the caller's " + std::to_string(capacity));
  std::copy(from.begin(), from.end(), to);
  return {};
}

lathe_status lathe_tokenize(const lathe_model *model, const char *text, size_t bytes, uint32_t flags,
                            int32_t *tokens, size_t capacity, size_t *count) {
  return guarded([&]() -> Status {
    if (!count || (!text && bytes) || (!tokens && capacity))
      return invalid("the text, the tokens or the count is NULL");
    auto tokenizer = tokenizerOf(model);
    if (!tokenizer) return tokenizer.status();
    EncodeOptions options;
    options.addSpecial = (flags & LATHE_ADD_SPECIAL) != 0;
    options.parseSpecial = (flags & LATHE_PARSE_SPECIAL) != 0;
    auto ids = (*tokenizer)->encode({text ? text : "", bytes}, options);
    if (!ids) return ids.status();
    return copyOut<int32_t>(*ids, tokens, capacity, count);
  });
}

lathe_status lathe_detokenize(const lathe_model *model, const int32_t *tokens, size_t count, uint32_t flags,
                              char *text, size_t capacity, size_t *bytes) {
  return guarded([&]() -> Status {
    if (!bytes || (!tokens && count) || (!text && capacity))
      return invalid("the tokens, the text or the size is NULL");
    auto tokenizer = tokenizerOf(model);
    if (!tokenizer) return tokenizer.status();
    auto decoded = (*tokenizer)->decode({tokens, count}, (flags & LATHE_SKIP_SPECIAL) != 0);
    if (!decoded) return decoded.status();
    return copyOut<char>(*decoded, text, capacity, bytes);
  });
}

struct lathe_decoder {
  std::shared_ptr<const LoadedModel> model;
  StreamDecoder stream;
  std::string text;
};

lathe_status lathe_decoder_create(lathe_model *model, uint32_t flags, lathe_decoder **decoder) {
  return guarded([&]() -> Status {
    if (!decoder) return invalid("the place for the decoder is NULL");
    auto tokenizer = tokenizerOf(model);
    if (!tokenizer) return tokenizer.status();
    auto made = std::unique_ptr<lathe_decoder>(
        new lathe_decoder{model->model, StreamDecoder(**tokenizer, (flags & LATHE_SKIP_SPECIAL) != 0), {}});
    made->text.reserve(1024);
    *decoder = made.release();
    return {};
  });
}

void lathe_decoder_release(lathe_decoder *decoder) { delete decoder; }

static Status handOut(lathe_decoder *decoder, const char **text, size_t *bytes) {
  *text = decoder->text.data();
  *bytes = decoder->text.size();
  return {};
}

lathe_status lathe_decoder_push(lathe_decoder *decoder, int32_t token, const char **text, size_t *bytes) {
  return guarded([&]() -> Status {
    if (!decoder || !text || !bytes) return invalid("the decoder or the place for the text is NULL");
    decoder->text.clear();
    decoder->stream.push(token, decoder->text);
    return handOut(decoder, text, bytes);
  });
}

lathe_status lathe_decoder_finish(lathe_decoder *decoder, const char **text, size_t *bytes) {
  return guarded([&]() -> Status {
    if (!decoder || !text || !bytes) return invalid("the decoder or the place for the text is NULL");
    decoder->text.clear();
    decoder->stream.flush(decoder->text);
    return handOut(decoder, text, bytes);
  });
}

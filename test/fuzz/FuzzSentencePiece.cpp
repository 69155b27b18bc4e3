// Any bytes as tokenizer.model: what is accepted loads, and encodes and decodes without surprise.
#include "Checkpoint/TokenizerSources.h"
#include "FuzzedTokenizer.h"

using namespace lathe;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  TokenizerDraft draft;
  std::string_view file(reinterpret_cast<const char *>(data), size);
  if (!readSentencePiece(file, draft, fb::tokenizer::PrependScheme::Always).ok()) return 0;
  auto bytes = draft.finish();
  if (bytes) useTokenizer(*bytes);
  return 0;
}

// Any text as tokenizer.json: what is accepted loads, and encodes and decodes without surprise.
#include "Checkpoint/Json.h"
#include "Checkpoint/TokenizerSources.h"
#include "FuzzedTokenizer.h"

using namespace lathe;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  auto document = parseJson({reinterpret_cast<const char *>(data), size});
  TokenizerDraft draft;
  if (!document || !readTokenizerJson(*document, draft).ok()) return 0;
  auto bytes = draft.finish();
  if (bytes) useTokenizer(*bytes);
  return 0;
}

// Any bytes as the tokenizer inside an artifact.
#include "FuzzedTokenizer.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  lathe::useTokenizer({reinterpret_cast<const std::byte *>(data), size});
  return 0;
}

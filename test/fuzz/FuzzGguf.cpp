// Any bytes as a GGUF file: a tokenizer that is accepted loads, and encodes and decodes without surprise.
#include "Checkpoint/TokenizerReader.h"
#include "FuzzedTokenizer.h"
#include "MemoryFile.h"

using namespace lathe;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  MemoryFile file({reinterpret_cast<const std::byte *>(data), size});
  auto tokenizer = readGgufTokenizer(file.path());
  if (tokenizer) useTokenizer(*tokenizer);
  return 0;
}

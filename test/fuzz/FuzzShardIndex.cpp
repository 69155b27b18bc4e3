// Any text as model.safetensors.index.json: no shard that it names leaves the folder.
#include "Checkpoint/Checkpoint.h"

#include <cstdlib>

using namespace lathe;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  auto shards = parseShardIndex({reinterpret_cast<const char *>(data), size});
  if (!shards) return 0;
  for (const auto &[key, shard] : *shards)
    if (shard.empty() || shard == ".." || shard.find('/') != std::string::npos) std::abort();
  return 0;
}

// Any text as config.json of each family: what is accepted has sizes that can be computed with.
#include "Checkpoint/BertConfig.h"
#include "Checkpoint/Gpt2Config.h"
#include "Checkpoint/LlamaConfig.h"

#include <cmath>
#include <cstdlib>

using namespace lathe;

template <typename Family> static Result<Family> read(std::string_view text) {
  auto config = Config::parse(text, "config.json");
  if (!config) return config.status();
  auto family = Family::read(*config);
  if (family &&
      (family->headDim < 1 || family->layers < 1 || family->vocabSize < 1 || !(family->normEps > 0)))
    std::abort();
  return family;
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  std::string_view text(reinterpret_cast<const char *>(data), size);
  (void)read<BertConfig>(text);
  if (auto gpt2 = read<Gpt2Config>(text); gpt2 && !(gpt2->attentionScale(0) > 0)) std::abort();
  if (auto llama = read<LlamaConfig>(text); llama && llama->headDim <= 256)
    for (float frequency : llama->rope.inverseFrequencies(llama->headDim))
      if (!std::isfinite(frequency)) std::abort();
  return 0;
}

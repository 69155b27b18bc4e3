// GPT-2 (Radford et al. 2019), as transformers' modeling_gpt2.py has it. Its matrices are stored K x N.
#include "Checkpoint/Gpt2Config.h"
#include "Import/Families.h"

using namespace mlir;
using namespace lathe;

static Value attention(ModelBuilder &m, const Gpt2Config &c, int64_t layer, Value x) {
  std::vector<Value> qkv = m.split(m.conv1d(x, "attn.c_attn", 3 * c.hiddenSize), 3);
  Value a = m.cachedAttention(qkv[0], qkv[1], qkv[2], c.heads, c.heads, c.attentionScale(layer));
  return m.conv1d(a, "attn.c_proj", c.hiddenSize);
}

static Value feedForward(ModelBuilder &m, const Gpt2Config &c, Value x) {
  Value h = m.activation(c.activation, m.conv1d(x, "mlp.c_fc", c.intermediateSize));
  return m.conv1d(h, "mlp.c_proj", c.hiddenSize);
}

Status lathe::importGpt2(ModelBuilder &m, Config config) {
  Result<Gpt2Config> read = Gpt2Config::read(config);
  if (!read) return read.status();
  const Gpt2Config &c = *read;
  m.choosePrefix({"transformer.", ""}, "wte.weight");
  m.ignoreTensors({".attn.bias", ".attn.masked_bias"}); // the causal mask

  Value embedding = m.parameter("wte.weight", {c.vocabSize, c.hiddenSize});
  Value positions = m.parameter("wpe.weight", {c.maxPositions, c.hiddenSize});
  Value x = m.add(m.embedding(m.tokens(), embedding), m.embedding(m.positions(), positions));
  for (int64_t layer = 0; layer < c.layers; ++layer) {
    auto scope = m.enter("h." + std::to_string(layer));
    x = m.add(x, attention(m, c, layer, m.layerNorm(x, "ln_1", c.normEps)));
    x = m.add(x, feedForward(m, c, m.layerNorm(x, "ln_2", c.normEps)));
  }
  x = m.layerNorm(m.selectOutputs(x), "ln_f", c.normEps);
  m.alsoReturn("hidden", x);
  Value logits = m.linear(x, m.head("lm_head.weight", embedding, c.tieWordEmbeddings));
  m.finish("step", logits,
           {.family = "gpt2", .vocabulary = c.vocabSize, .context = c.maxPositions, .width = c.hiddenSize});
  return {};
}

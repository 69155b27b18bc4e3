// Llama (Touvron et al. 2023; Llama 3: Grattafiori et al. 2024), as transformers' modeling_llama.py has it.
#include "Checkpoint/LlamaConfig.h"
#include "Import/Families.h"

#include <cmath>

using namespace mlir;
using namespace lathe;

static Value attention(ModelBuilder &m, const LlamaConfig &c, Value x, Value rotation) {
  Value q = m.linear(x, "self_attn.q_proj", c.heads * c.headDim, c.attentionBias);
  Value k = m.linear(x, "self_attn.k_proj", c.kvHeads * c.headDim, c.attentionBias);
  Value v = m.linear(x, "self_attn.v_proj", c.kvHeads * c.headDim, c.attentionBias);
  q = m.rope(q, rotation, c.heads);
  k = m.rope(k, rotation, c.kvHeads);
  Value a = m.cachedAttention(q, k, v, c.heads, c.kvHeads, 1 / std::sqrt(double(c.headDim)));
  return m.linear(a, "self_attn.o_proj", c.hiddenSize, c.attentionBias);
}

static Value swiGlu(ModelBuilder &m, const LlamaConfig &c, Value x) {
  Value gate = m.linear(x, "mlp.gate_proj", c.intermediateSize, c.mlpBias);
  Value up = m.linear(x, "mlp.up_proj", c.intermediateSize, c.mlpBias);
  return m.linear(m.mul(m.activation(c.activation, gate), up), "mlp.down_proj", c.hiddenSize, c.mlpBias);
}

Status lathe::importLlama(ModelBuilder &m, Config config) {
  Result<LlamaConfig> read = LlamaConfig::read(config);
  if (!read) return read.status();
  const LlamaConfig &c = *read;
  m.choosePrefix({"model.", ""}, "embed_tokens.weight");
  m.ignoreTensors({".rotary_emb.inv_freq"});

  Value embedding = m.parameter("embed_tokens.weight", {c.vocabSize, c.hiddenSize});
  Value x = m.embedding(m.tokens(), embedding);
  Value rotation = m.ropeTable(c.rope.inverseFrequencies(c.headDim));
  for (int64_t layer = 0; layer < c.layers; ++layer) {
    auto scope = m.enter("layers." + std::to_string(layer));
    x = m.add(x, attention(m, c, m.rmsNorm(x, "input_layernorm", c.normEps), rotation));
    x = m.add(x, swiGlu(m, c, m.rmsNorm(x, "post_attention_layernorm", c.normEps)));
  }
  x = m.rmsNorm(m.selectOutputs(x), "norm", c.normEps);
  m.alsoReturn("hidden", x);
  Value logits = m.linear(x, m.head("lm_head.weight", embedding, c.tieWordEmbeddings));
  m.finish("step", logits,
           {.family = "llama", .vocabulary = c.vocabSize, .context = c.maxPositions, .width = c.hiddenSize});
  return {};
}

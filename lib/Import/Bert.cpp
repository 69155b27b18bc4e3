// BERT (Devlin et al. 2019) as an encoder of texts, as transformers' modeling_bert.py has it; how the tokens'
// vectors become one is sentence-transformers' (Reimers and Gurevych 2019). All tokens are of type 0: one
// text, no pair.
#include "Checkpoint/BertConfig.h"
#include "Checkpoint/EmbeddingConfig.h"
#include "Import/Families.h"

#include <cmath>

using namespace mlir;
using namespace lathe;

static Value embeddings(ModelBuilder &m, const BertConfig &c) {
  auto scope = m.enter("embeddings");
  Value words = m.parameter("word_embeddings.weight", {c.vocabSize, c.hiddenSize});
  Value positions = m.parameter("position_embeddings.weight", {c.maxPositions, c.hiddenSize});
  Value types = m.parameter("token_type_embeddings.weight", {c.typeVocabSize, c.hiddenSize});
  Value x = m.addVector(m.embedding(m.tokens(), words), m.row(types, 0));
  x = m.add(x, m.embedding(m.positions(), positions));
  return m.layerNorm(x, "LayerNorm", c.normEps);
}

static Value attention(ModelBuilder &m, const BertConfig &c, Value x) {
  Value q = m.linear(x, "attention.self.query", c.hiddenSize, true);
  Value k = m.linear(x, "attention.self.key", c.hiddenSize, true);
  Value v = m.linear(x, "attention.self.value", c.hiddenSize, true);
  Value a = m.fullAttention(q, k, v, c.heads, 1 / std::sqrt(double(c.headDim)));
  return m.linear(a, "attention.output.dense", c.hiddenSize, true);
}

static Value feedForward(ModelBuilder &m, const BertConfig &c, Value x) {
  Value h = m.activation(c.activation, m.linear(x, "intermediate.dense", c.intermediateSize, true));
  return m.linear(h, "output.dense", c.hiddenSize, true);
}

static PoolKind poolKind(Pooling pooling) {
  switch (pooling) {
  case Pooling::Mean:
    return PoolKind::Mean;
  case Pooling::Cls:
    return PoolKind::First;
  case Pooling::Max:
    return PoolKind::Max;
  case Pooling::LastToken:
    return PoolKind::Last;
  }
  llvm_unreachable("all kinds are handled");
}

Status lathe::importBert(ModelBuilder &m, Config config) {
  Result<BertConfig> read = BertConfig::read(config);
  if (!read) return read.status();
  const BertConfig &c = *read;
  Result<EmbeddingConfig> sentence = EmbeddingConfig::read(m.checkpoint().folder());
  if (!sentence) return sentence.status();
  m.choosePrefix({"bert.", ""}, "embeddings.word_embeddings.weight");
  // A buffer, and heads that other tasks put on the encoder.
  m.ignoreTensors({"embeddings.position_ids", "pooler.dense.", "cls.", "classifier.", "qa_outputs."});

  Value x = embeddings(m, c);
  for (int64_t layer = 0; layer < c.layers; ++layer) {
    auto scope = m.enter("encoder.layer." + std::to_string(layer));
    x = m.layerNorm(m.add(x, attention(m, c, x)), "attention.output.LayerNorm", c.normEps);
    x = m.layerNorm(m.add(x, feedForward(m, c, x)), "output.LayerNorm", c.normEps);
  }
  m.alsoReturn("hidden", x);
  x = m.pool(poolKind(sentence->pooling), x);
  if (sentence->normalize) x = m.l2Normalize(x, 1e-12); // torch.nn.functional.normalize
  m.finish("embed", x,
           {.family = "bert",
            .vocabulary = c.vocabSize,
            .context = std::min(c.maxPositions, sentence->maxTokens.value_or(c.maxPositions)),
            .width = c.hiddenSize,
            .lowercase = sentence->lowercase});
  return {};
}

#include "Checkpoint/LlamaConfig.h"

#include "Checkpoint/FamilyConfig.h"

namespace lathe {

Result<LlamaConfig> LlamaConfig::read(Config config) {
  LlamaConfig llama;
  llama.vocabSize = config.integer("vocab_size", vocabularySize);
  llama.hiddenSize = config.integer("hidden_size", featureSize);
  llama.intermediateSize = config.integer("intermediate_size", featureSize);
  llama.layers = config.integer("num_hidden_layers", layerCount);
  llama.heads = config.integer("num_attention_heads", headCount);
  llama.kvHeads = config.integer("num_key_value_heads", headCount, llama.heads);
  llama.headDim = headSize(config, "hidden_size", llama.hiddenSize, "num_attention_heads", llama.heads);
  // Configurations from before transformers 4.28 have "max_sequence_length".
  llama.maxPositions = config.integer("max_sequence_length", positionCount, 2048);
  llama.maxPositions = config.integer("max_position_embeddings", positionCount, llama.maxPositions);
  llama.normEps = config.number("rms_norm_eps", normEpsilon, 1e-6);
  llama.activation = readActivation(config, "hidden_act", "silu");
  llama.tieWordEmbeddings = config.boolean("tie_word_embeddings", false);
  llama.attentionBias = config.boolean("attention_bias", false);
  llama.mlpBias = config.boolean("mlp_bias", false);
  llama.rope = readRope(config, llama.maxPositions);

  requireDenseDecoder(config);
  config.requireOff("sliding_window", "attention to a window of positions is not supported in Llama models");
  config.requireOff("rope_interleaved", "rotation of neighbouring elements is not supported");
  config.inert({"is_llama_config"});
  LATHE_TRY(config.status());
  if (llama.heads % llama.kvHeads != 0)
    config.fail(Code::Corrupt, "num_key_value_heads",
                std::to_string(llama.kvHeads) + " does not divide " + std::to_string(llama.heads) + " heads");
  if (llama.headDim % 2 != 0)
    config.fail(Code::Unsupported, "head_dim", "is odd; RoPE rotates pairs of elements");
  if (llama.activation != Activation::Silu)
    config.fail(Code::Unsupported, "hidden_act", "must be silu in a Llama model (SwiGLU)");
  LATHE_TRY(config.finish());
  return llama;
}

} // namespace lathe

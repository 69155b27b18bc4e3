#include "Checkpoint/Gpt2Config.h"

#include "Checkpoint/FamilyConfig.h"

#include <cmath>

namespace lathe {

double Gpt2Config::attentionScale(int64_t layer) const {
  double scale = scaleAttention ? 1 / std::sqrt(static_cast<double>(headDim)) : 1;
  return scaleAttentionByInverseLayer ? scale / static_cast<double>(layer + 1) : scale;
}

Result<Gpt2Config> Gpt2Config::read(Config config) {
  Gpt2Config gpt2;
  gpt2.vocabSize = config.integer("vocab_size", vocabularySize);
  gpt2.hiddenSize = config.integer("n_embd", featureSize);
  gpt2.intermediateSize = config.integer("n_inner", featureSize, 4 * gpt2.hiddenSize);
  gpt2.layers = config.integer("n_layer", layerCount);
  gpt2.heads = config.integer("n_head", headCount);
  gpt2.maxPositions = config.integer("n_positions", positionCount, 1024);
  gpt2.normEps = config.number("layer_norm_epsilon", normEpsilon, 1e-5);
  gpt2.activation = readActivation(config, "activation_function", "gelu_new");
  gpt2.tieWordEmbeddings = config.boolean("tie_word_embeddings", true);
  gpt2.scaleAttention = config.boolean("scale_attn_weights", true);
  gpt2.scaleAttentionByInverseLayer = config.boolean("scale_attn_by_inverse_layer_idx", false);

  requireDenseDecoder(config);
  config.requireOff("n_special", "extra tokens beyond the vocabulary are not supported");
  // The order and precision of the attention product in mixed-precision training: the same formula.
  config.inert({"reorder_and_upcast_attn", "n_ctx", "attn_pdrop", "embd_pdrop", "resid_pdrop"});
  // The head of GPT2DoubleHeadsModel.
  config.inert({"summary_activation", "summary_first_dropout", "summary_proj_to_labels", "summary_type",
                "summary_use_proj", "predict_special_tokens"});
  if (config.status().ok() && gpt2.hiddenSize % gpt2.heads != 0)
    config.fail(Code::Corrupt, "n_embd",
                std::to_string(gpt2.hiddenSize) + " is not a multiple of 'n_head' " +
                    std::to_string(gpt2.heads));
  LATHE_TRY(config.finish());
  gpt2.headDim = gpt2.hiddenSize / gpt2.heads;
  return gpt2;
}

} // namespace lathe

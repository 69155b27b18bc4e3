#include "Checkpoint/BertConfig.h"

#include "Checkpoint/FamilyConfig.h"

namespace lathe {

Result<BertConfig> BertConfig::read(Config config) {
  BertConfig bert;
  bert.vocabSize = config.integer("vocab_size", vocabularySize);
  bert.hiddenSize = config.integer("hidden_size", featureSize);
  bert.intermediateSize = config.integer("intermediate_size", featureSize);
  bert.layers = config.integer("num_hidden_layers", layerCount);
  bert.heads = config.integer("num_attention_heads", headCount);
  bert.maxPositions = config.integer("max_position_embeddings", positionCount, 512);
  bert.typeVocabSize = config.integer("type_vocab_size", vocabularySize, 2);
  bert.normEps = config.number("layer_norm_eps", normEpsilon, 1e-12);
  bert.activation = readActivation(config, "hidden_act", "gelu");

  requireDense(config);
  config.requireOff("is_decoder", "BERT as a decoder is not supported, only as an encoder");
  if (config.text("position_embedding_type", "absolute") != "absolute")
    config.fail(Code::Unsupported, "position_embedding_type", "must be 'absolute'");
  // Tying concerns the head that predicts masked words, which an encoder does not have.
  config.inert({"attention_probs_dropout_prob", "hidden_dropout_prob", "tie_word_embeddings"});
  // Left by the TensorFlow code that trained the multilingual BERT; nothing reads them.
  config.inert({"directionality", "pooler_fc_size", "pooler_num_attention_heads", "pooler_num_fc_layers",
                "pooler_size_per_head", "pooler_type"});
  if (config.status().ok() && bert.hiddenSize % bert.heads != 0)
    config.fail(Code::Corrupt, "hidden_size",
                std::to_string(bert.hiddenSize) + " is not a multiple of 'num_attention_heads' " +
                    std::to_string(bert.heads));
  LATHE_TRY(config.finish());
  bert.headDim = bert.hiddenSize / bert.heads;
  return bert;
}

} // namespace lathe

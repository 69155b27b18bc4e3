#include "Checkpoint/FamilyConfig.h"

namespace lathe {

int64_t headSize(Config &config, std::string_view widthKey, int64_t width, std::string_view headsKey,
                 int64_t heads) {
  if (config.has("head_dim")) return config.integer("head_dim", featureSize);
  if (config.status().ok() && width % heads != 0)
    config.fail(Code::Corrupt, widthKey,
                std::to_string(width) + " is not a multiple of '" + std::string(headsKey) + "' " +
                    std::to_string(heads));
  return width / heads;
}

void requireDense(Config &config) {
  config.requireOff(
      "quantization_config",
      "the weights are stored quantized; compile the original checkpoint and let Lathe quantize it");
  config.requireOff("pruned_heads",
                    "heads that were pruned are not supported; save the model with all heads");
  config.requireOff("is_encoder_decoder", "encoder-decoder models are not supported");
  config.requireOff("add_cross_attention", "cross-attention is not supported");
  config.requireOff("cross_attention_hidden_size", "cross-attention is not supported");
}

void requireDenseDecoder(Config &config) {
  requireDense(config);
  config.inert({"is_decoder"});
}

} // namespace lathe

// A Llama of one layer and zeros, whose folder a test may spoil before it is imported.
#pragma once

#include "../Checkpoint/Fixtures.h"
#include "Import/Import.h"

#include <map>

namespace lathe::testing {

struct TinyLlama {
  struct Tensor {
    std::vector<int64_t> shape;
    std::string dtype = "F32";
    char fill = 0; ///< every byte
  };
  std::map<std::string, std::string> config = {
      {"model_type", "\"llama\""},     {"vocab_size", "10"},       {"hidden_size", "8"},
      {"intermediate_size", "12"},     {"num_hidden_layers", "1"}, {"num_attention_heads", "2"},
      {"num_key_value_heads", "1"},    {"rms_norm_eps", "1e-5"},   {"max_position_embeddings", "32"},
      {"tie_word_embeddings", "true"},
  };
  std::map<std::string, Tensor> tensors = {
      {"model.embed_tokens.weight", {{10, 8}}},
      {"model.layers.0.input_layernorm.weight", {{8}}},
      {"model.layers.0.self_attn.q_proj.weight", {{8, 8}}},
      {"model.layers.0.self_attn.k_proj.weight", {{4, 8}}},
      {"model.layers.0.self_attn.v_proj.weight", {{4, 8}}},
      {"model.layers.0.self_attn.o_proj.weight", {{8, 8}}},
      {"model.layers.0.post_attention_layernorm.weight", {{8}}},
      {"model.layers.0.mlp.gate_proj.weight", {{12, 8}}},
      {"model.layers.0.mlp.up_proj.weight", {{12, 8}}},
      {"model.layers.0.mlp.down_proj.weight", {{8, 12}}},
      {"model.norm.weight", {{8}}},
  };

  /// Writes the folder and imports it.
  Result<mlir::OwningOpRef<mlir::ModuleOp>> import(mlir::MLIRContext &context) const {
    std::string json = "{", header = "{", data;
    for (const auto &[key, value] : config) json += (json.size() > 1 ? ", \"" : "\"") + key + "\": " + value;
    for (const auto &[key, tensor] : tensors) {
      size_t bytes = tensor.dtype == "F32" || tensor.dtype == "I32" ? 4 : 2;
      for (int64_t extent : tensor.shape) bytes *= extent;
      header += (header.size() > 1 ? ", \"" : "\"") + key + "\": {\"dtype\": \"" + tensor.dtype +
                "\", \"shape\": " + shapeText(tensor.shape) + ", \"data_offsets\": [" +
                std::to_string(data.size()) + ", " + std::to_string(data.size() + bytes) + "]}";
      data.append(bytes, tensor.fill);
    }
    folder.write("config.json", json + "}").write("model.safetensors", safetensors(header + "}", data));
    Result<Checkpoint> checkpoint = Checkpoint::open(folder.path());
    if (!checkpoint) return checkpoint.status();
    return importCheckpoint(*checkpoint, context);
  }

  Folder folder;
};

} // namespace lathe::testing

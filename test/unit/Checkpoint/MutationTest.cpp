// Damaged files: every parser answers with a value or a failure. Run under the sanitizers, this also shows
// that none reads out of bounds or allocates hugely (see the limit at the end).
#include "Checkpoint/BertConfig.h"
#include "Checkpoint/Checkpoint.h"
#include "Checkpoint/EmbeddingConfig.h"
#include "Checkpoint/Generation.h"
#include "Checkpoint/Gpt2Config.h"
#include "Checkpoint/LlamaConfig.h"

#include "Fixtures.h"
#include "Mutator.h"

using namespace lathe;
using namespace lathe::testing;

namespace {
constexpr int mutations = 500;

/// Calls `parse` with damaged copies; it returns whether the copy was accepted. Some must be, and most must
/// not.
template <typename Parse> void mutate(const std::string &original, Parse parse) {
  ASSERT_TRUE(parse(original)) << "the file itself must be fine";
  int accepted = 0;
  for (int seed = 0; seed < mutations; ++seed) accepted += parse(Mutator(seed)(original));
  EXPECT_LT(accepted, mutations * 9 / 10);
  ::testing::Test::RecordProperty("accepted", accepted);
}

/// Every failure has something to say.
bool accept(const Status &status) {
  EXPECT_TRUE(status.ok() || !status.message().empty());
  EXPECT_NE(status.code(), Code::Internal) << status.message();
  return status.ok();
}

std::string sampleWeights() {
  std::string header =
      R"({"__metadata__":{"format":"pt"},"a.weight":{"dtype":"F32","shape":[4,8],"data_offsets":[0,128]},)"
      R"("b.weight":{"dtype":"BF16","shape":[16],"data_offsets":[128,160]},)"
      R"("c.weight":{"dtype":"F16","shape":[2,2,4],"data_offsets":[160,192]},)"
      R"("ids":{"dtype":"I64","shape":[1,3],"data_offsets":[192,216]}})";
  return safetensors(header, std::string(216, '\x11'));
}

/// Reads all that an accepted file holds.
bool readWhole(const std::string &file) {
  auto tensors = parseSafetensors(asBytes(file));
  if (!tensors) return accept(tensors.status());
  for (const TensorInfo &tensor : *tensors) {
    std::vector<float> values(std::min<uint64_t>(tensor.elements(), 1 << 16));
    Status read = readF32(tensor, asBytes(file).subspan(tensor.offset, tensor.bytes), 0, values);
    EXPECT_EQ(read.ok(), isWeightType(tensor.dtype)) << read.message();
  }
  return true;
}

template <typename Family> bool readFamily(const std::string &text) {
  auto config = Config::parse(text, "config.json");
  if (!config) return accept(config.status());
  auto family = Family::read(*config);
  if (family) {
    EXPECT_GT(family->headDim, 0);
    EXPECT_GT(family->hiddenSize, 0);
  }
  return accept(family.status());
}
} // namespace

TEST(Mutations, Safetensors) { mutate(sampleWeights(), readWhole); }

TEST(Mutations, SafetensorsOfARealModel) {
  std::string path = sharedData("stories260k/hf/model.safetensors");
  if (path.empty()) GTEST_SKIP() << "no shared data";
  mutate(readFile(path), readWhole);
}

TEST(Mutations, ShardIndex) {
  Folder folder;
  folder.write("config.json", "{}").write("s1.safetensors", sampleWeights());
  std::string header = R"({"z":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}})";
  folder.write("s2.safetensors", safetensors(header, "abcd"));
  mutate(
      R"({"metadata":{"total_size":220},"weight_map":{"a.weight":"s1.safetensors","b.weight":"s1.safetensors",
            "c.weight":"s1.safetensors","ids":"s1.safetensors","z":"s2.safetensors"}})",
      [&](const std::string &text) {
        folder.write("model.safetensors.index.json", text);
        return accept(Checkpoint::open(folder.path()).status());
      });
}

TEST(Mutations, LlamaConfig) {
  mutate(R"({"architectures":["LlamaForCausalLM"],"model_type":"llama","vocab_size":512,"hidden_size":64,
             "intermediate_size":172,"num_hidden_layers":5,"num_attention_heads":8,"num_key_value_heads":4,
             "head_dim":8,"max_position_embeddings":512,"rms_norm_eps":1e-05,"hidden_act":"silu",
             "rope_parameters":{"rope_theta":500000.0,"rope_type":"llama3","factor":32.0,"low_freq_factor":1.0,
             "high_freq_factor":4.0,"original_max_position_embeddings":8192},"tie_word_embeddings":true,
             "bos_token_id":1,"eos_token_id":[2,3],"attention_bias":false,"mlp_bias":false,"dtype":"float32"})",
         readFamily<LlamaConfig>);
}

TEST(Mutations, Gpt2Config) {
  mutate(R"({"model_type":"gpt2","activation_function":"gelu_new","attn_pdrop":0.1,"n_embd":64,"n_head":4,
             "n_inner":null,"n_layer":4,"n_positions":512,"layer_norm_epsilon":1e-05,"scale_attn_weights":true,
             "scale_attn_by_inverse_layer_idx":false,"reorder_and_upcast_attn":false,"vocab_size":53})",
         readFamily<Gpt2Config>);
}

TEST(Mutations, BertConfig) {
  mutate(R"({"model_type":"bert","hidden_act":"gelu","hidden_size":384,"intermediate_size":1536,
             "layer_norm_eps":1e-12,"max_position_embeddings":512,"num_attention_heads":12,"num_hidden_layers":6,
             "position_embedding_type":"absolute","type_vocab_size":2,"vocab_size":30522})",
         readFamily<BertConfig>);
}

TEST(Mutations, GenerationConfig) {
  Folder folder;
  folder.write("config.json", "{}");
  mutate(
      R"({"bos_token_id":128000,"do_sample":true,"eos_token_id":[128001,128008],"temperature":0.6,"top_k":40,
             "top_p":0.9,"min_p":0.05,"repetition_penalty":1.1,"max_length":4096,"transformers_version":"4.45.0"})",
      [&](const std::string &text) {
        folder.write("generation_config.json", text);
        return accept(GenerationDefaults::read(folder.path()).status());
      });
}

TEST(Mutations, SentenceTransformers) {
  Folder folder;
  folder.write("1_Pooling/config.json",
               R"({"word_embedding_dimension":384,"pooling_mode_mean_tokens":true})");
  mutate(R"([{"idx":0,"name":"0","path":"","type":"sentence_transformers.models.Transformer"},
             {"idx":1,"name":"1","path":"1_Pooling","type":"sentence_transformers.models.Pooling"}])",
         [&](const std::string &text) {
           folder.write("modules.json", text);
           return accept(EmbeddingConfig::read(folder.path()).status());
         });
}

/// Read by AddressSanitizer where the tests are built with it: an allocation above this ends the test.
extern "C" const char *__asan_default_options() { return "max_allocation_size_mb=64"; }

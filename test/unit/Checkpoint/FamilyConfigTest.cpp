#include "Checkpoint/BertConfig.h"
#include "Checkpoint/Checkpoint.h"
#include "Checkpoint/EmbeddingConfig.h"
#include "Checkpoint/Generation.h"
#include "Checkpoint/Gpt2Config.h"
#include "Checkpoint/LlamaConfig.h"

#include "Fixtures.h"

#include <cmath>

using namespace lathe;
using namespace lathe::testing;

namespace {
constexpr const char *llamaText =
    R"("vocab_size":100,"hidden_size":64,"intermediate_size":96,"num_hidden_layers":2,
                                     "num_attention_heads":8,"max_position_embeddings":256)";
constexpr const char *gpt2Text = R"("vocab_size":100,"n_embd":64,"n_layer":2,"n_head":4,"n_positions":128)";
constexpr const char *bertText =
    R"("vocab_size":100,"hidden_size":64,"intermediate_size":96,"num_hidden_layers":2,
                                    "num_attention_heads":4)";

template <typename Family> Result<Family> read(const std::string &text) {
  auto config = Config::parse("{" + text + "}", "config.json");
  if (!config) return config.status();
  return Family::read(*config);
}
Result<LlamaConfig> llama(const std::string &more) { return read<LlamaConfig>(llamaText + more); }
Result<Gpt2Config> gpt2(const std::string &more) { return read<Gpt2Config>(gpt2Text + more); }
Result<BertConfig> bert(const std::string &more) { return read<BertConfig>(bertText + more); }
} // namespace

TEST(FamilyConfig, ReadsEveryFixture) {
  int folders = 0;
  for (const auto &entry : std::filesystem::directory_iterator(LATHE_SOURCE_DIR "/test/fixtures")) {
    std::string folder = entry.path().string();
    if (!std::filesystem::exists(folder + "/config.json")) continue;
    SCOPED_TRACE(folder);
    ++folders;
    auto checkpoint = Checkpoint::open(folder);
    ASSERT_TRUE(checkpoint.ok()) << checkpoint.status().message();
    auto config = Config::open(checkpoint->path("config.json"));
    ASSERT_TRUE(config.ok()) << config.status().message();
    std::string family = config->text("model_type");
    Status status = family == "llama"  ? LlamaConfig::read(*config).status()
                    : family == "gpt2" ? Gpt2Config::read(*config).status()
                                       : BertConfig::read(*config).status();
    EXPECT_TRUE(status.ok()) << status.message();
    EXPECT_TRUE(EmbeddingConfig::read(folder).ok()) << EmbeddingConfig::read(folder).status().message();
    EXPECT_TRUE(GenerationDefaults::read(folder).ok()) << GenerationDefaults::read(folder).status().message();
  }
  EXPECT_GE(folders, 9) << "the fixtures of test/fixtures/record.py";
}

TEST(LlamaConfig, ReadsStories260k) {
  std::string path = sharedData("stories260k/hf/config.json");
  if (path.empty()) GTEST_SKIP() << "no shared data";
  auto config = LlamaConfig::read(*Config::open(path));
  ASSERT_TRUE(config.ok()) << config.status().message();
  EXPECT_EQ(config->hiddenSize, 64);
  EXPECT_EQ(config->kvHeads, 4);
  EXPECT_EQ(config->headDim, 8);
  EXPECT_TRUE(config->tieWordEmbeddings);
  EXPECT_EQ(config->rope.theta, 10000);
}

TEST(LlamaConfig, ReadsTheSpellingOfTransformers4And5) {
  auto four = llama(R"(,"torch_dtype":"bfloat16","rope_theta":500000.0,"rope_scaling":{"rope_type":"llama3",
      "factor":32.0,"low_freq_factor":1.0,"high_freq_factor":4.0,"original_max_position_embeddings":8192})");
  auto five = llama(R"(,"dtype":"bfloat16","rope_parameters":{"rope_theta":500000.0,"rope_type":"llama3",
      "factor":32.0,"low_freq_factor":1.0,"high_freq_factor":4.0,"original_max_position_embeddings":8192})");
  ASSERT_TRUE(four.ok()) << four.status().message();
  ASSERT_TRUE(five.ok()) << five.status().message();
  EXPECT_EQ(four->rope, five->rope);
  EXPECT_EQ(four->rope.scaling, Rope::Scaling::Llama3);
  auto old = llama(R"(,"rope_scaling":{"type":"linear","factor":2})");
  ASSERT_TRUE(old.ok()) << old.status().message();
  EXPECT_EQ(old->rope.scaling, Rope::Scaling::Linear);
  EXPECT_TRUE(llama(R"(,"rope_theta":1e4,"rope_scaling":null)").ok());
  EXPECT_TRUE(llama(R"(,"rope_scaling":{"rope_type":"linear","factor":2},
                        "rope_parameters":{"rope_type":"linear","factor":2})")
                  .ok());
}

TEST(LlamaConfig, HasTheDefaultsOfTransformers) {
  auto config = llama("");
  ASSERT_TRUE(config.ok()) << config.status().message();
  EXPECT_EQ(config->kvHeads, 8);
  EXPECT_EQ(config->headDim, 8);
  EXPECT_EQ(config->normEps, 1e-6);
  EXPECT_FALSE(config->tieWordEmbeddings || config->attentionBias || config->mlpBias);
}

TEST(LlamaConfig, RefusesWhatItDoesNotCompute) {
  expectFailure(llama(R"(,"rope_scaling":{"type":"yarn","factor":2})").status(), Code::Unsupported,
                {"'rope_scaling.rope_type'", "'yarn'"});
  expectFailure(llama(R"(,"rope_parameters":{"rope_type":"dynamic","factor":2})").status(), Code::Unsupported,
                {"'rope_parameters.rope_type'", "'dynamic'"});
  expectFailure(llama(R"(,"rope_parameters":{"rope_type":"default","factor":2})").status(), Code::Unsupported,
                {"'rope_parameters.factor'"});
  expectFailure(llama(R"(,"rope_scaling":{"rope_type":"linear","factor":2},
                          "rope_parameters":{"rope_type":"linear","factor":4})")
                    .status(),
                Code::Corrupt, {"contradicts"});
  expectFailure(llama(R"(,"rope_scaling":{"rope_type":"linear"})").status(), Code::Corrupt,
                {"'rope_scaling.factor' is missing"});
  expectFailure(llama(R"(,"rope_scaling":{"rope_type":"llama3","factor":8,"low_freq_factor":4,
                          "high_freq_factor":4})")
                    .status(),
                Code::Corrupt, {"'rope_scaling.high_freq_factor'"});
  expectFailure(llama(R"(,"partial_rotary_factor":0.5)").status(), Code::Unsupported,
                {"'partial_rotary_factor'"});
  expectFailure(llama(R"(,"hidden_act":"gelu")").status(), Code::Unsupported, {"'hidden_act'"});
  expectFailure(llama(R"(,"hidden_act":"xielu")").status(), Code::Unsupported, {"'hidden_act' is 'xielu'"});
  expectFailure(llama(R"(,"sliding_window":4096)").status(), Code::Unsupported, {"'sliding_window' is 4096"});
  expectFailure(llama(R"(,"quantization_config":{"bits":4})").status(), Code::Unsupported,
                {"'quantization_config'"});
  expectFailure(llama(R"(,"logits_scaling":8)").status(), Code::Unsupported, {"'logits_scaling'"});
  expectFailure(llama(R"(,"num_key_value_heads":3)").status(), Code::Corrupt, {"'num_key_value_heads' 3"});
  expectFailure(llama(R"(,"head_dim":7)").status(), Code::Unsupported, {"'head_dim' is odd"});
  expectFailure(llama(R"(,"rms_norm_eps":-1)").status(), Code::Corrupt, {"'rms_norm_eps'"});
  expectFailure(llama(R"(,"attention_bias":"no")").status(), Code::Corrupt, {"'attention_bias'"});
}

TEST(LlamaConfig, ChecksSizes) {
  expectFailure(read<LlamaConfig>("").status(), Code::Corrupt, {"'vocab_size' is missing"});
  expectFailure(read<LlamaConfig>(R"("vocab_size":8,"hidden_size":0)").status(), Code::Corrupt,
                {"'hidden_size' is 0"});
  expectFailure(read<LlamaConfig>(R"("vocab_size":999999999999)").status(), Code::Corrupt, {"'vocab_size'"});
  expectFailure(read<LlamaConfig>(R"("vocab_size":100,"hidden_size":65,"intermediate_size":96,
                                     "num_hidden_layers":2,"num_attention_heads":8)")
                    .status(),
                Code::Corrupt, {"'hidden_size' 65 is not a multiple of 'num_attention_heads' 8"});
}

TEST(Rope, FrequenciesAreThoseOfTransformers) {
  // LlamaRotaryEmbedding.inv_freq of transformers 5.23, head size 64: elements 1, 14, 16, 17 and 31 of each.
  constexpr int64_t at[] = {1, 14, 16, 17, 31};
  Rope plain, linear, llama3;
  linear.scaling = Rope::Scaling::Linear;
  linear.factor = 4;
  llama3 = {500000, Rope::Scaling::Llama3, 32, 1, 4, 8192};
  struct Case {
    const Rope &rope;
    float expected[5];
  };
  const Case cases[] = {
      {plain, {0.749894202f, 0.0177827943f, 0.00999999978f, 0.00749894232f, 0.00013335215f}},
      {linear, {0.18747355f, 0.00444569858f, 0.00249999994f, 0.00187473558f, 3.33380376e-05f}},
      {llama3, {0.663601279f, 0.00321144611f, 0.000429556705f, 9.70828623e-05f, 9.41830649e-08f}},
  };
  for (const Case &one : cases) {
    std::vector<float> frequencies = one.rope.inverseFrequencies(64);
    ASSERT_EQ(frequencies.size(), 32u);
    EXPECT_EQ(frequencies[0], one.rope.scaling == Rope::Scaling::Linear ? 0.25f : 1.0f);
    for (size_t i = 0; i < 5; ++i)
      EXPECT_NEAR(frequencies[at[i]] / one.expected[i], 1, 3e-7) << "element " << at[i];
  }
}

TEST(Gpt2Config, ReadsCappGpt) {
  std::string path = sharedData("capp-gpt/config.json");
  if (path.empty()) GTEST_SKIP() << "no shared data";
  auto config = Gpt2Config::read(*Config::open(path));
  ASSERT_TRUE(config.ok()) << config.status().message();
  EXPECT_EQ(config->hiddenSize, 64);
  EXPECT_EQ(config->intermediateSize, 256);
  EXPECT_EQ(config->headDim, 16);
  EXPECT_EQ(config->activation, Activation::GeluTanh);
  EXPECT_TRUE(config->tieWordEmbeddings);
}

TEST(Gpt2Config, ScalesAttention) {
  auto config = gpt2("");
  ASSERT_TRUE(config.ok()) << config.status().message();
  EXPECT_DOUBLE_EQ(config->attentionScale(1), 0.25);
  auto byLayer = gpt2(R"(,"scale_attn_by_inverse_layer_idx":true,"scale_attn_weights":false)");
  ASSERT_TRUE(byLayer.ok()) << byLayer.status().message();
  EXPECT_DOUBLE_EQ(byLayer->attentionScale(1), 0.5);
}

TEST(Gpt2Config, RefusesWhatItDoesNotCompute) {
  expectFailure(gpt2(R"(,"add_cross_attention":true)").status(), Code::Unsupported,
                {"'add_cross_attention'"});
  expectFailure(gpt2(R"(,"activation_function":"quick_gelu")").status(), Code::Unsupported, {"'quick_gelu'"});
  expectFailure(gpt2(R"(,"n_inner":0)").status(), Code::Corrupt, {"'n_inner'"});
  expectFailure(gpt2(R"(,"alibi":true)").status(), Code::Unsupported, {"'alibi'"});
  expectFailure(read<Gpt2Config>(R"("vocab_size":9,"n_embd":64,"n_layer":2,"n_head":5)").status(),
                Code::Corrupt, {"'n_embd' 64 is not a multiple of 'n_head' 5"});
  for (const char *name : {"gelu", "relu", "silu", "gelu_pytorch_tanh"})
    EXPECT_TRUE(gpt2(R"(,"activation_function":")" + std::string(name) + "\"").ok()) << name;
}

TEST(BertConfig, ReadsDefaultsAndOldKeys) {
  auto config =
      bert(R"(,"directionality":"bidi","pooler_type":"first_token_transform","gradient_checkpointing":false,
                         "position_embedding_type":"absolute","is_decoder":false,"id2label":{"0":"x"})");
  ASSERT_TRUE(config.ok()) << config.status().message();
  EXPECT_EQ(config->headDim, 16);
  EXPECT_EQ(config->maxPositions, 512);
  EXPECT_EQ(config->typeVocabSize, 2);
  EXPECT_EQ(config->normEps, 1e-12);
  EXPECT_EQ(config->activation, Activation::Gelu);
}

TEST(BertConfig, RefusesWhatItDoesNotCompute) {
  expectFailure(bert(R"(,"position_embedding_type":"relative_key")").status(), Code::Unsupported,
                {"'position_embedding_type'"});
  expectFailure(bert(R"(,"is_decoder":true)").status(), Code::Unsupported, {"'is_decoder'"});
  expectFailure(bert(R"(,"type_vocab_size":0)").status(), Code::Corrupt, {"'type_vocab_size'"});
  expectFailure(bert(R"(,"embedding_size":128)").status(), Code::Unsupported, {"'embedding_size'"});
}

TEST(EmbeddingConfig, ReadsASentenceTransformersFolder) {
  Folder folder;
  folder.write("modules.json",
               R"([{"idx":0,"name":"0","path":"","type":"sentence_transformers.models.Transformer"},
      {"idx":1,"name":"1","path":"1_Pooling","type":"sentence_transformers.models.Pooling"},
      {"idx":2,"name":"2","path":"2_Normalize","type":"sentence_transformers.models.Normalize"}])");
  folder.write("1_Pooling/config.json", R"({"word_embedding_dimension":384,"pooling_mode_cls_token":false,
      "pooling_mode_mean_tokens":true,"pooling_mode_max_tokens":false,"pooling_mode_mean_sqrt_len_tokens":false})");
  folder.write("sentence_bert_config.json", R"({"max_seq_length":256,"do_lower_case":false})");
  folder.write("config_sentence_transformers.json", R"({"__version__":{"pytorch":"1.8.1"}})");
  auto config = EmbeddingConfig::read(folder.path());
  ASSERT_TRUE(config.ok()) << config.status().message();
  EXPECT_EQ(config->pooling, Pooling::Mean);
  EXPECT_TRUE(config->normalize && config->declared);
  EXPECT_EQ(config->maxTokens, 256);

  folder.write("1_Pooling/config.json",
               R"({"embedding_dimension":384,"pooling_mode":"cls","include_prompt":true})");
  config = EmbeddingConfig::read(folder.path());
  ASSERT_TRUE(config.ok()) << config.status().message();
  EXPECT_EQ(config->pooling, Pooling::Cls);
}

TEST(EmbeddingConfig, APlainEncoderHasDefaults) {
  Folder folder;
  auto config = EmbeddingConfig::read(folder.path());
  ASSERT_TRUE(config.ok());
  EXPECT_EQ(config->pooling, Pooling::Mean);
  EXPECT_FALSE(config->normalize || config->declared);
}

TEST(EmbeddingConfig, RefusesOtherPipelines) {
  Folder folder;
  auto withModules = [&](const std::string &modules) {
    folder.write("modules.json", modules);
    return EmbeddingConfig::read(folder.path()).status();
  };
  auto withPooling = [&](const std::string &pooling) {
    folder.write("1_Pooling/config.json", pooling);
    return withModules(R"([{"type":"m.Pooling","path":"1_Pooling"}])");
  };
  expectFailure(withModules(R"({})"), Code::Corrupt, {"not a list"});
  expectFailure(withModules(R"([1])"), Code::Corrupt, {"not a list"});
  expectFailure(withModules(R"([])"), Code::Corrupt, {"no Pooling"});
  expectFailure(withModules(R"([{"path":""}])"), Code::Corrupt, {"'type'"});
  expectFailure(withModules(R"([{"type":"m.Dense","path":"2_Dense"}])"), Code::Unsupported, {"'Dense'"});
  expectFailure(withModules(R"([{"type":"m.Pooling","path":"../x"}])"), Code::Corrupt, {"'../x'"});
  expectFailure(withModules(R"([{"type":"m.Pooling","path":"none"}])"), Code::NotFound, {"none/config.json"});
  expectFailure(withPooling(R"({"pooling_mode_mean_tokens":true,"pooling_mode_cls_token":true})"),
                Code::Unsupported, {"several poolings"});
  expectFailure(withPooling(R"({"pooling_mode_weightedmean_tokens":true})"), Code::Unsupported,
                {"'weightedmean'"});
  expectFailure(withPooling(R"({})"), Code::Corrupt, {"no pooling"});
  expectFailure(withPooling(R"({"pooling_mode":"mean","mystery":1})"), Code::Unsupported, {"'mystery'"});
  folder.write("config_sentence_transformers.json", R"({"default_prompt_name":"query"})");
  expectFailure(withPooling(R"({"pooling_mode":"mean"})"), Code::Unsupported, {"'default_prompt_name'"});
}

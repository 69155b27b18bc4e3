// What import says of folders that it can't make a model of.
#include "TinyLlama.h"

#include "Lathe/ModelInfo.h"

using namespace lathe;
using namespace lathe::testing;

namespace {
class FamilyErrors : public ::testing::Test {
protected:
  mlir::MLIRContext context{mlir::MLIRContext::Threading::DISABLED};
  TinyLlama llama;
  Status status() { return llama.import(context).status(); }
};
} // namespace

TEST_F(FamilyErrors, TheTinyModelIsFine) { EXPECT_TRUE(status().ok()) << status().message(); }

TEST_F(FamilyErrors, UnsupportedModelType) {
  llama.config["model_type"] = "\"mamba\"";
  expectFailure(status(), Code::Unsupported,
                {"config.json", "model_type", "mamba", "supported are llama, gpt2, bert"});
}

TEST_F(FamilyErrors, NoModelType) {
  llama.config.erase("model_type");
  expectFailure(status(), Code::Corrupt, {"config.json", "model_type"});
}

TEST_F(FamilyErrors, AKeyThatIsNotUnderstood) {
  llama.config["residual_multiplier"] = "0.5";
  expectFailure(status(), Code::Unsupported, {"config.json", "residual_multiplier"});
}

TEST_F(FamilyErrors, MissingTensor) {
  llama.tensors.erase("model.layers.0.mlp.up_proj.weight");
  expectFailure(status(), Code::Corrupt, {"no tensor", "model.layers.0.mlp.up_proj.weight", "[12, 8]"});
}

TEST_F(FamilyErrors, WrongShape) {
  llama.tensors["model.layers.0.self_attn.k_proj.weight"].shape = {8, 8};
  expectFailure(
      status(), Code::Corrupt,
      {"model.safetensors", "model.layers.0.self_attn.k_proj.weight", "is [8, 8]", "asks for [4, 8]"});
}

TEST_F(FamilyErrors, TheFirstErrorIsTold) {
  llama.tensors["model.layers.0.mlp.gate_proj.weight"].shape = {8, 12};
  llama.tensors["model.norm.weight"].shape = {1};
  expectFailure(status(), Code::Corrupt, {"gate_proj"});
}

TEST_F(FamilyErrors, ATypeThatIsNoWeight) {
  llama.tensors["model.norm.weight"].dtype = "I32";
  expectFailure(status(), Code::Unsupported, {"model.norm.weight", "I32", "F32, F16 or BF16"});
}

TEST_F(FamilyErrors, LeftOverTensors) {
  for (const char *name : {"a", "b", "c", "d"})
    llama.tensors["model.layers.0.self_attn." + std::string(name)] = {{4}};
  expectFailure(status(), Code::Corrupt,
                {"no use for 'model.layers.0.self_attn.a', 'model.layers.0.self_attn.b'", "and 1 more"});
}

TEST_F(FamilyErrors, BiasesThatTheConfigurationDoesNotHave) {
  llama.tensors["model.layers.0.self_attn.q_proj.bias"] = {{8}};
  expectFailure(status(), Code::Corrupt, {"no use for 'model.layers.0.self_attn.q_proj.bias'"});
}

TEST_F(FamilyErrors, BuffersAreIgnored) {
  llama.tensors["model.layers.0.self_attn.rotary_emb.inv_freq"] = {{2}};
  EXPECT_TRUE(status().ok()) << status().message();
}

TEST_F(FamilyErrors, UntiedHeadIsMissing) {
  llama.config["tie_word_embeddings"] = "false";
  expectFailure(status(), Code::Corrupt, {"no tensor", "lm_head.weight"});
}

TEST_F(FamilyErrors, TiedHeadStoredTwice) {
  llama.tensors["lm_head.weight"] = {{10, 8}};
  EXPECT_TRUE(status().ok()) << status().message();
  llama.tensors["lm_head.weight"].fill = 1;
  expectFailure(status(), Code::Corrupt, {"tied", "'lm_head.weight' and 'model.embed_tokens.weight' differ"});
}

TEST_F(FamilyErrors, KeysWithoutPrefix) {
  std::map<std::string, TinyLlama::Tensor> bare;
  for (const auto &[key, tensor] : llama.tensors) bare[key.substr(strlen("model."))] = tensor;
  llama.tensors = bare;
  EXPECT_TRUE(status().ok()) << status().message();
}

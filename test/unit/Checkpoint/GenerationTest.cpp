#include "Checkpoint/Generation.h"

#include "Fixtures.h"

using namespace lathe;
using namespace lathe::testing;

TEST(Generation, StopTokensAreTheUnionOfAllFiles) {
  Folder folder;
  folder.write("config.json", R"({"bos_token_id":1,"eos_token_id":128009,"temperature":0.1})");
  folder.write("generation_config.json", R"({"bos_token_id":128000,"eos_token_id":[128001,128008,128009],
      "do_sample":true,"temperature":0.6,"top_p":0.9,"pad_token_id":-1,"transformers_version":"4.45"})");
  folder.write("tokenizer_config.json", R"({"eos_token":"<|eot_id|>","chat_template":"x"})");
  folder.write("special_tokens_map.json", R"({"eos_token":{"content":"<|end|>","lstrip":false}})");
  auto defaults = GenerationDefaults::read(folder.path());
  ASSERT_TRUE(defaults.ok()) << defaults.status().message();
  EXPECT_EQ(defaults->stopTokens, (std::vector<int64_t>{128001, 128008, 128009}));
  EXPECT_EQ(defaults->stopTexts, (std::vector<std::string>{"<|end|>", "<|eot_id|>"}));
  EXPECT_EQ(defaults->bosToken, 128000);
  EXPECT_FALSE(defaults->padToken.has_value());
  EXPECT_TRUE(defaults->doSample);
  EXPECT_EQ(defaults->temperature, 0.6);
  EXPECT_EQ(defaults->topP, 0.9);
  EXPECT_FALSE(defaults->topK.has_value());
  EXPECT_TRUE(defaults->ignored.empty());
}

TEST(Generation, ReadsRealFolders) {
  std::string capp = sharedData("capp-gpt"), stories = sharedData("stories260k/hf");
  if (capp.empty() || stories.empty()) GTEST_SKIP() << "no shared data";
  auto defaults = GenerationDefaults::read(capp);
  ASSERT_TRUE(defaults.ok()) << defaults.status().message();
  EXPECT_EQ(defaults->stopTokens, (std::vector<int64_t>{51}));
  EXPECT_EQ(defaults->padToken, 52);
  defaults = GenerationDefaults::read(stories);
  ASSERT_TRUE(defaults.ok()) << defaults.status().message();
  EXPECT_EQ(defaults->stopTokens, (std::vector<int64_t>{2}));
  EXPECT_EQ(defaults->stopTexts, (std::vector<std::string>{"</s>"}));
}

TEST(Generation, ConfigAnswersWhereThereIsNoGenerationConfig) {
  Folder folder;
  folder.write("config.json",
               R"({"eos_token_id":null,"do_sample":true,"top_k":40,"repetition_penalty":1.1})");
  auto defaults = GenerationDefaults::read(folder.path());
  ASSERT_TRUE(defaults.ok()) << defaults.status().message();
  EXPECT_TRUE(defaults->stopTokens.empty() && defaults->doSample);
  EXPECT_EQ(defaults->topK, 40);
  EXPECT_EQ(defaults->repetitionPenalty, 1.1);
}

TEST(Generation, NamesWhatItDoesNotApply) {
  Folder folder;
  folder.write("config.json", "{}");
  folder.write("generation_config.json",
               R"({"num_beams":4,"typical_p":1.0,"no_repeat_ngram_size":0,"suppress_tokens":[1]})");
  auto defaults = GenerationDefaults::read(folder.path());
  ASSERT_TRUE(defaults.ok()) << defaults.status().message();
  EXPECT_EQ(defaults->ignored, (std::vector<std::string>{"suppress_tokens", "num_beams"}));
}

TEST(Generation, RefusesBadValues) {
  Folder folder;
  auto with = [&](const std::string &text) {
    folder.write("config.json", "{}").write("generation_config.json", text);
    return GenerationDefaults::read(folder.path()).status();
  };
  expectFailure(GenerationDefaults::read(folder.path()).status(), Code::NotFound, {"config.json"});
  expectFailure(with(R"({"eos_token_id":-2})"), Code::Corrupt, {"generation_config.json: 'eos_token_id'"});
  expectFailure(with(R"({"eos_token_id":[1,"2"]})"), Code::Corrupt, {"'eos_token_id'"});
  expectFailure(with(R"({"eos_token_id":true})"), Code::Corrupt, {"'eos_token_id'"});
  expectFailure(with(R"({"temperature":"hot"})"), Code::Corrupt, {"'temperature'"});
  expectFailure(with(R"({"temperature":-1})"), Code::Corrupt, {"'temperature'"});
  expectFailure(with(R"({"top_p":1.5})"), Code::Corrupt, {"'top_p'"});
  expectFailure(with(R"({"top_k":-1})"), Code::Corrupt, {"'top_k'"});
  expectFailure(with(R"({"repetition_penalty":0})"), Code::Corrupt, {"'repetition_penalty'"});
  expectFailure(with(R"({"max_length":0})"), Code::Corrupt, {"'max_length'"});
  expectFailure(with("{"), Code::Corrupt, {"not valid JSON"});
  folder.write("tokenizer_config.json", R"({"eos_token":5})");
  expectFailure(with("{}"), Code::Corrupt, {"tokenizer_config.json: 'eos_token'"});
}

// Against what Hugging Face's tokenizers made of tricky texts, as record.py recorded it.
#include "Fixture.h"

#include <nlohmann/json.hpp>

using namespace lathe;
using namespace lathe::test;
using nlohmann::json;

static const std::string fixtures = std::string(LATHE_SOURCE_DIR) + "/test/unit/Tokenizer/fixtures/";

static std::vector<int32_t> numbers(const json &list) { return list.get<std::vector<int32_t>>(); }

static void expectCase(const Tokenizer &tokenizer, const json &recorded) {
  std::string text = recorded["text"];
  SCOPED_TRACE("text " + recorded["text"].dump());
  std::vector<int32_t> ids = numbers(recorded["ids"]);
  std::vector<int32_t> plain = recorded.contains("plain") ? numbers(recorded["plain"]) : ids;
  std::vector<int32_t> literal = recorded.contains("literal") ? numbers(recorded["literal"]) : plain;
  EXPECT_EQ(idsOf(tokenizer, text), ids);
  EXPECT_EQ(idsOf(tokenizer, text, {.addSpecial = false}), plain);
  EXPECT_EQ(idsOf(tokenizer, text, {.addSpecial = false, .parseSpecial = false}), literal);
  EXPECT_EQ(textOf(tokenizer, ids), recorded["decoded"].get<std::string>());
  json everything = recorded.value("everything", recorded["decoded"]);
  EXPECT_EQ(textOf(tokenizer, ids, /*skipSpecial=*/false), everything.get<std::string>());
}

static void expectVariant(const std::string &name, json document, const json &variant, const json &cases) {
  SCOPED_TRACE("with " + variant["parts"].dump());
  document.update(variant["parts"]);
  std::string folder = scratchFolder(name + "-variant");
  spill(folder + "/tokenizer.json", document.dump());
  auto tokenizer = fromFolder(folder);
  ASSERT_TRUE(tokenizer.ok()) << tokenizer.status().message();
  for (size_t i = 0; i < variant["cases"].size(); ++i) {
    const json &recorded = variant["cases"][i];
    std::string text = cases[recorded[0].get<size_t>()]["text"];
    std::vector<int32_t> ids = numbers(recorded[1]);
    EXPECT_EQ(idsOf(*tokenizer, text), ids) << "text " << json(text).dump();
    if (i % 4 == 0) EXPECT_EQ(textOf(*tokenizer, ids), variant["decoded"][i / 4].get<std::string>());
  }
  std::filesystem::remove_all(folder);
}

static void expectFixture(const std::string &name, const std::string &tokenizerJson) {
  auto recorded = json::parse(slurp(fixtures + name + "/cases.json"));
  std::string folder = scratchFolder(name);
  spill(folder + "/tokenizer.json", slurp(tokenizerJson));
  auto tokenizer = fromFolder(folder);
  ASSERT_TRUE(tokenizer.ok()) << tokenizer.status().message();
  ASSERT_GE(recorded["cases"].size(), 50u);
  for (const json &one : recorded["cases"]) expectCase(*tokenizer, one);
  for (const json &variant : recorded["variants"])
    expectVariant(name, json::parse(slurp(tokenizerJson)), variant, recorded["cases"]);
  std::filesystem::remove_all(folder);
}

class Fixtures : public testing::TestWithParam<const char *> {};
TEST_P(Fixtures, AsRecorded) { expectFixture(GetParam(), fixtures + GetParam() + "/tokenizer.json"); }
INSTANTIATE_TEST_SUITE_P(Kinds, Fixtures,
                         testing::Values("llama2", "llama3", "story", "bert-lower", "bert-cased"),
                         [](const auto &info) {
                           std::string name = info.param;
                           std::erase(name, '-');
                           return name;
                         });

TEST(Fixtures, Gpt2) {
  NEEDS_SHARED_DATA("tokenizers");
  expectFixture("gpt2", sharedData("tokenizers/gpt2/tokenizer.json"));
}

/// The vocabulary of a fixture, spellings by id.
static std::vector<std::string> spellings(const json &document) {
  std::vector<std::string> out(document["model"]["vocab"].size());
  for (const auto &[text, id] : document["model"]["vocab"].items()) out.at(id.get<size_t>()) = text;
  return out;
}

TEST(Fixtures, VocabularyTextIsTheSameTokenizer) {
  for (std::string name : {"bert-lower", "bert-cased"}) {
    auto document = json::parse(slurp(fixtures + name + "/tokenizer.json"));
    std::string lines, folder = scratchFolder(name + "-vocab");
    for (const std::string &text : spellings(document)) lines += text + "\n";
    spill(folder + "/vocab.txt", lines);
    spill(folder + "/tokenizer_config.json",
          json{{"do_lower_case", name == "bert-lower"}, {"tokenizer_class", "BertTokenizer"}}.dump());
    auto tokenizer = fromFolder(folder);
    ASSERT_TRUE(tokenizer.ok()) << tokenizer.status().message();
    auto recorded = json::parse(slurp(fixtures + name + "/cases.json"));
    for (const json &one : recorded["cases"]) expectCase(*tokenizer, one);
    EXPECT_EQ(tokenizer->special().mask, 4);
    std::filesystem::remove_all(folder);
  }
}

TEST(Fixtures, VocabularyAndMergesAreTheSameTokenizer) {
  auto document = json::parse(slurp(fixtures + "story/tokenizer.json"));
  std::string merges = "#version: 0.2\n", folder = scratchFolder("story-merges");
  for (const json &merge : document["model"]["merges"])
    merges += merge.is_string() ? merge.get<std::string>() + "\n"
                                : merge[0].get<std::string>() + " " + merge[1].get<std::string>() + "\n";
  spill(folder + "/merges.txt", merges);
  spill(folder + "/vocab.json", document["model"]["vocab"].dump());
  spill(folder + "/config.json", R"({"model_type": "gpt2"})");
  // transformers 4 and transformers 5 write the added token in different places.
  const char *version4 =
      R"({"added_tokens_decoder": {"400": {"content": "<|pad|>", "lstrip": true, "rstrip": true,
                             "normalized": false, "special": true}}, "pad_token": "<|pad|>"})";
  const char *version5 =
      R"({"pad_token": {"content": "<|pad|>", "lstrip": true, "rstrip": true, "special": true},
                             "extra_special_tokens": ["<|pad|>"]})";
  for (const char *config : {version4, version5}) {
    spill(folder + "/tokenizer_config.json", config);
    auto tokenizer = fromFolder(folder);
    ASSERT_TRUE(tokenizer.ok()) << tokenizer.status().message();
    auto recorded = json::parse(slurp(fixtures + "story/cases.json"));
    for (const json &one : recorded["cases"]) expectCase(*tokenizer, one);
    EXPECT_EQ(tokenizer->special().pad, 400);
    EXPECT_EQ(tokenizer->special().eos, 0);
  }
  std::filesystem::remove_all(folder);
}

TEST(Fixtures, SentencePiece) {
  auto recorded = json::parse(slurp(fixtures + "sentencepiece/cases.json"));
  std::string folder = scratchFolder("sentencepiece");
  for (const json &group : recorded) {
    std::string patch, hex = group["patch"];
    for (size_t i = 0; i < hex.size(); i += 2)
      patch += static_cast<char>(std::stoi(hex.substr(i, 2), nullptr, 16));
    SCOPED_TRACE(group["model"].dump() + " with the patch " + hex);
    std::string model = group["model"];
    spill(folder + "/tokenizer.model", slurp(fixtures + "sentencepiece/" + model + ".model") + patch);
    auto tokenizer = fromFolder(folder);
    ASSERT_TRUE(tokenizer.ok()) << tokenizer.status().message();
    for (const json &one : group["cases"]) {
      SCOPED_TRACE("text " + one[0].dump());
      std::vector<int32_t> ids = numbers(one[1]);
      EXPECT_EQ(idsOf(*tokenizer, one[0].get<std::string>(), {.addSpecial = false, .parseSpecial = false}),
                ids);
      if (one.size() > 2) EXPECT_EQ(textOf(*tokenizer, ids), one[2].get<std::string>());
    }
  }
  std::filesystem::remove_all(folder);
}

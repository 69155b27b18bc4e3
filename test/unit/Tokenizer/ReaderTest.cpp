// What the readers refuse, and what they take from the files beside a vocabulary.
#include "Fixture.h"

#include <nlohmann/json.hpp>

using namespace lathe;
using namespace lathe::test;
using nlohmann::json;

static const std::string fixtures = std::string(LATHE_SOURCE_DIR) + "/test/unit/Tokenizer/fixtures/";

/// A folder with some files, gone at the end of the test.
class Folder {
public:
  Folder() : path(scratchFolder(testing::UnitTest::GetInstance()->current_test_info()->name())) {}
  ~Folder() { std::filesystem::remove_all(path); }
  Folder &write(const std::string &name, const std::string &text) {
    spill(path + "/" + name, text);
    return *this;
  }
  const std::string path;
};

static json fixtureJson(const std::string &name) {
  return json::parse(slurp(fixtures + name + "/tokenizer.json"));
}

/// Expects that the document is refused with `code` and a message that holds `part`.
static void expectRefused(const json &document, Code code, const std::string &part) {
  Folder folder;
  auto tokenizer = fromFolder(folder.write("tokenizer.json", document.dump()).path);
  ASSERT_FALSE(tokenizer.ok()) << document.dump().substr(0, 300);
  EXPECT_EQ(tokenizer.status().code(), code) << tokenizer.status().message();
  EXPECT_NE(tokenizer.status().message().find(part), std::string::npos) << tokenizer.status().message();
  EXPECT_NE(tokenizer.status().message().find("tokenizer.json"), std::string::npos)
      << tokenizer.status().message();
}

TEST(Reader, FolderWithoutTokenizerIsNotFound) {
  Folder folder;
  auto bytes = readTokenizer(folder.write("config.json", "{}").path);
  ASSERT_FALSE(bytes.ok());
  EXPECT_EQ(bytes.status().code(), Code::NotFound);
}

TEST(Reader, WhatChangesIdsAndIsNotUnderstoodIsNamed) {
  json base = fixtureJson("llama3");
  auto with = [&](const char *pointer, json value) {
    json copy = base;
    copy[json::json_pointer(pointer)] = std::move(value);
    return copy;
  };
  expectRefused(with("/model/type", "Unigram"), Code::Unsupported, "'Unigram'");
  expectRefused(with("/model/dropout", 0.1), Code::Unsupported, "dropout");
  expectRefused(with("/model/end_of_word_suffix", "</w>"), Code::Unsupported, "end_of_word_suffix");
  expectRefused(with("/model/novelty", true), Code::Unsupported, "'novelty'");
  expectRefused(with("/novelty", true), Code::Unsupported, "'novelty'");
  expectRefused(with("/normalizer", {{"type", "Precompiled"}, {"precompiled_charsmap", ""}}),
                Code::Unsupported, "'Precompiled'");
  expectRefused(with("/normalizer", {{"type", "NFC"}, {"form", 2}}), Code::Unsupported, "'form'");
  expectRefused(with("/pre_tokenizer", {{"type", "UnicodeScripts"}}), Code::Unsupported, "'UnicodeScripts'");
  expectRefused(with("/pre_tokenizer/pretokenizers/2", {{"type", "WhitespaceSplit"}}), Code::Unsupported,
                "behind ByteLevel");
  expectRefused(with("/pre_tokenizer/pretokenizers/0/behavior", "Shuffled"), Code::Unsupported, "'Shuffled'");
  expectRefused(with("/post_processor", {{"type", "Magic"}}), Code::Unsupported, "'Magic'");
  expectRefused(with("/decoder", {{"type", "CTC"}}), Code::Unsupported, "'CTC'");
  expectRefused(with("/pre_tokenizer/pretokenizers/0/pattern/Regex", "[a[b]]"), Code::Unsupported, "[a[b]]");
}

TEST(Reader, WhatDoesNotHoldTogetherIsCorrupt) {
  json base = fixtureJson("llama3");
  auto with = [&](const char *pointer, json value) {
    json copy = base;
    copy[json::json_pointer(pointer)] = std::move(value);
    return copy;
  };
  expectRefused(with("/model/vocab/a", 5), Code::Corrupt, "given twice");
  expectRefused(with("/model/vocab/a", 4000000000u), Code::Corrupt, "4000000000");
  expectRefused(with("/model/vocab/a", 900000000u), Code::Corrupt, "900000000");
  expectRefused(with("/model/vocab/a", -1), Code::Corrupt, "'a'");
  expectRefused(with("/model/merges/0", "nothing like it"), Code::Corrupt, "'nothing like it'");
  expectRefused(with("/model/merges/0", {"zz", "qq"}), Code::Corrupt, "'zz'");
  expectRefused(with("/model/unk_token", "nowhere"), Code::Corrupt, "'nowhere'");
  expectRefused(with("/added_tokens/0/id", "x"), Code::Corrupt, "id");
  expectRefused(with("/model", nullptr), Code::Corrupt, "model");
  json stray = base;
  stray["post_processor"]["processors"][1]["special_tokens"]["<|begin_of_text|>"]["ids"] = {99999};
  expectRefused(stray, Code::Corrupt, "<|begin_of_text|>");
}

TEST(Reader, FilesBesideTheVocabulary) {
  Folder folder;
  folder.write("tokenizer.json", fixtureJson("story").dump());
  folder.write("special_tokens_map.json",
               R"({"bos_token": "<|endoftext|>", "additional_special_tokens": ["<|tool|>"]})");
  folder.write("added_tokens.json", R"({"<|tool|>": 401, "<think>": 402})");
  folder.write("tokenizer_config.json", R"({"eos_token": {"content": "<|endoftext|>"}, "pad_token": null,
      "chat_template": [{"name": "tools", "template": "T"}, {"name": "default", "template": "D"}]})");
  auto tokenizer = fromFolder(folder.path);
  ASSERT_TRUE(tokenizer.ok()) << tokenizer.status().message();
  EXPECT_EQ(tokenizer->special().bos, 0);
  EXPECT_EQ(tokenizer->special().eos, 0);
  EXPECT_EQ(tokenizer->special().pad, -1);
  EXPECT_EQ(tokenizer->vocabularySize(), 403);
  EXPECT_EQ(tokenizer->chatTemplate(), "D");
  EXPECT_TRUE(tokenizer->isSpecial(401));
  EXPECT_FALSE(tokenizer->isSpecial(402));
  EXPECT_EQ(idsOf(*tokenizer, "<|tool|><think>"), (std::vector<int32_t>{401, 402}));
  EXPECT_EQ(textOf(*tokenizer, {401, 402}), "<think>");
  EXPECT_EQ(textOf(*tokenizer, {401, 402}, false), "<|tool|><think>");
  folder.write("chat_template.jinja", "{{ J }}");
  EXPECT_EQ(fromFolder(folder.path)->chatTemplate(), "{{ J }}") << "a file of its own goes first";
}

TEST(Reader, SentencePieceSettings) {
  Folder folder;
  folder.write("tokenizer.model", slurp(fixtures + "sentencepiece/tokenizer.model"));
  auto plain = fromFolder(folder.path);
  ASSERT_TRUE(plain.ok()) << plain.status().message();
  auto ids = idsOf(*plain, "the<s>the");
  ASSERT_EQ(ids.size(), 4u) << "each part has its dummy prefix, in the way transformers calls legacy";
  EXPECT_EQ(ids, (std::vector<int32_t>{1, ids[1], 1, ids[1]}));
  folder.write("tokenizer_config.json",
               R"({"legacy": false, "add_bos_token": false, "add_eos_token": true})");
  auto fresh = fromFolder(folder.path);
  ASSERT_TRUE(fresh.ok());
  auto other = idsOf(*fresh, "the<s>the");
  EXPECT_EQ(other[0], ids[1]);
  EXPECT_EQ(other[1], 1);
  EXPECT_NE(other[2], ids[1]);
  EXPECT_EQ(other.back(), 2);
  EXPECT_EQ(textOf(*fresh, other), "thethe");
}

TEST(Reader, MergesWithoutAClassAreRefused) {
  Folder folder;
  folder.write("vocab.json", R"({"a": 0, "b": 1, "ab": 2})").write("merges.txt", "#version: 0.2\na b\n");
  auto tokenizer = fromFolder(folder.path);
  ASSERT_FALSE(tokenizer.ok());
  EXPECT_NE(tokenizer.status().message().find("tokenizer_class"), std::string::npos);
  folder.write("tokenizer_config.json", R"({"tokenizer_class": "RobertaTokenizer"})");
  EXPECT_NE(fromFolder(folder.path).status().message().find("RobertaTokenizer"), std::string::npos);
  folder.write("tokenizer_config.json", R"({"tokenizer_class": "GPT2Tokenizer"})");
  auto gpt2 = fromFolder(folder.path);
  ASSERT_TRUE(gpt2.ok()) << gpt2.status().message();
  EXPECT_EQ(idsOf(*gpt2, "abba"), (std::vector<int32_t>{2, 1, 0}));
  EXPECT_EQ(idsOf(*gpt2, "aéb"), (std::vector<int32_t>{2})) << "bytes without a piece are dropped, as there";
}

TEST(Reader, GgufThatIsNone) {
  Folder folder;
  folder.write("a.gguf", "GGUX")
      .write("b.gguf", "GGUF")
      .write("c.gguf", std::string("GGUF\3\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 24));
  EXPECT_EQ(readGgufTokenizer(folder.path + "/a.gguf").status().code(), Code::Corrupt);
  EXPECT_EQ(readGgufTokenizer(folder.path + "/b.gguf").status().code(), Code::Corrupt);
  EXPECT_EQ(readGgufTokenizer(folder.path + "/c.gguf").status().code(), Code::NotFound);
  EXPECT_EQ(readGgufTokenizer(folder.path + "/d.gguf").status().code(), Code::NotFound);
}

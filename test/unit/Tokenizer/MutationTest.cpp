// Damaged files of every kind that a tokenizer is read from: a tokenizer that works or an error with a
// message, never a crash. Under the sanitizers this also shows that nothing is read out of bounds.
#include "../Checkpoint/Mutator.h"
#include "Fixture.h"

#include <nlohmann/json.hpp>

using namespace lathe;
using namespace lathe::test;
using lathe::testing::Mutator;
using nlohmann::json;

static const std::string fixtures = std::string(LATHE_SOURCE_DIR) + "/test/unit/Tokenizer/fixtures/";
static constexpr int mutations = 250;

/// Whether it was accepted; uses what was.
static bool use(const Result<Tokenizer> &tokenizer) {
  if (!tokenizer.ok()) {
    EXPECT_FALSE(tokenizer.status().message().empty());
    EXPECT_NE(tokenizer.status().code(), Code::Internal) << tokenizer.status().message();
    return false;
  }
  std::vector<int32_t> all;
  for (std::string_view text :
       {"", " Hello  world\n\n123 don't é 日本 🦙 \xFF <s>a</s> [MASK] <|endoftext|>",
        "aaaaaaaaaaaaaaaaaaaaaaaa"}) {
    auto ids = tokenizer->encode(text);
    if (!ids) continue; // an expression may turn into a trap
    for (int32_t id : *ids) {
      EXPECT_GE(id, 0);
      EXPECT_LT(id, tokenizer->vocabularySize());
    }
    all.insert(all.end(), ids->begin(), ids->end());
  }
  for (int32_t id = 0; id < std::min(tokenizer->vocabularySize(), 700); ++id) all.push_back(id);
  textOf(*tokenizer, all, true);
  textOf(*tokenizer, all, false);
  return true;
}

/// Replaces a random value of a document by another of any type.
static json restructured(json document, uint64_t seed) {
  std::mt19937_64 random(seed);
  for (uint64_t changes = 1 + random() % 3; changes > 0; --changes) {
    json *at = &document;
    while (at->is_structured() && !at->empty() && (at == &document || random() % 4)) {
      auto item = at->begin();
      std::advance(item, static_cast<ptrdiff_t>(random() % at->size()));
      at = &*item;
    }
    static const json values[] = {nullptr,
                                  true,
                                  -1,
                                  0,
                                  7,
                                  1u << 20,
                                  4294967296,
                                  1e300,
                                  "",
                                  "a",
                                  "<0x41>",
                                  "Ġ",
                                  "[a-",
                                  "(a+)+$",
                                  json::array(),
                                  json::object(),
                                  json::array({1, "a"}),
                                  {{"type", "NFC"}},
                                  {{"String", " "}}};
    *at = values[random() % std::size(values)];
  }
  return document;
}

/// Damages one file of a folder in turn, the others stay.
static void mutateFile(const std::string &name, const std::string &original,
                       const std::map<std::string, std::string> &others) {
  std::string folder = scratchFolder("mutations-" + name);
  for (const auto &[other, text] : others) spill(folder + "/" + other, text);
  auto parse = [&](const std::string &text) {
    spill(folder + "/" + name, text);
    return use(fromFolder(folder));
  };
  ASSERT_TRUE(parse(original)) << "the file itself must be fine";
  int accepted = 0;
  for (int seed = 0; seed < mutations; ++seed) {
    SCOPED_TRACE(name + ", seed " + std::to_string(seed));
    accepted += parse(Mutator(seed)(original));
    if (name.ends_with(".json")) parse(restructured(json::parse(original), seed).dump());
  }
  EXPECT_LT(accepted, mutations * 98 / 100) << "hardly any damage is noticed";
  std::filesystem::remove_all(folder);
}

static std::string tokenizerJson(const std::string &fixture) {
  return slurp(fixtures + fixture + "/tokenizer.json");
}

TEST(Mutations, TokenizerJsonByteLevel) { mutateFile("tokenizer.json", tokenizerJson("llama3"), {}); }
TEST(Mutations, TokenizerJsonByteFallback) { mutateFile("tokenizer.json", tokenizerJson("llama2"), {}); }
TEST(Mutations, TokenizerJsonWordPiece) { mutateFile("tokenizer.json", tokenizerJson("bert-cased"), {}); }
TEST(Mutations, SentencePieceModel) {
  mutateFile("tokenizer.model", slurp(fixtures + "sentencepiece/tokenizer.model"), {});
}
TEST(Mutations, VocabularyJson) {
  auto document = json::parse(tokenizerJson("story"));
  mutateFile("vocab.json", document["model"]["vocab"].dump(),
             {{"merges.txt", "a n\n"}, {"tokenizer_config.json", R"({"tokenizer_class": "GPT2Tokenizer"})"}});
}
TEST(Mutations, MergesText) {
  auto document = json::parse(tokenizerJson("story"));
  std::string merges = "#version: 0.2\n";
  for (const json &merge : document["model"]["merges"])
    merges += merge[0].get<std::string>() + " " + merge[1].get<std::string>() + "\n";
  mutateFile(
      "merges.txt", merges,
      {{"vocab.json", document["model"]["vocab"].dump()}, {"config.json", R"({"model_type": "gpt2"})"}});
}
TEST(Mutations, VocabularyText) {
  auto document = json::parse(tokenizerJson("bert-lower"));
  std::vector<std::string> lines(document["model"]["vocab"].size());
  for (const auto &[text, id] : document["model"]["vocab"].items()) lines[id.get<size_t>()] = text;
  std::string text;
  for (const auto &line : lines) text += line + "\n";
  // Nearly any text is a vocabulary: what counts is that it needs its special tokens.
  mutateFile("vocab.txt", text.substr(0, 600), {});
}
TEST(Mutations, TokenizerConfig) {
  mutateFile("tokenizer_config.json",
             R"({"added_tokens_decoder": {"400": {"content": "<|pad|>", "special": true}},
                 "bos_token": "<|endoftext|>", "eos_token": {"content": "<|endoftext|>"},
                 "extra_special_tokens": ["<a>"],
                 "add_bos_token": true,
                 "chat_template": "x", "tokenizer_class": "GPT2Tokenizer"})",
             {{"tokenizer.json", tokenizerJson("story")}});
}

TEST(Mutations, Flatbuffer) {
  for (const char *name : {"llama3", "llama2", "bert-lower", "sentencepiece"}) {
    auto bytes = readTokenizer(fixtures + name);
    ASSERT_TRUE(bytes.ok()) << bytes.status().message();
    std::string original(reinterpret_cast<const char *>(bytes->data()), bytes->size());
    auto parse = [](const std::string &text) {
      return use(Tokenizer::load({reinterpret_cast<const std::byte *>(text.data()), text.size()}));
    };
    ASSERT_TRUE(parse(original));
    for (int seed = 0; seed < mutations; ++seed) {
      SCOPED_TRACE(name + (", seed " + std::to_string(seed)));
      parse(Mutator(seed)(original));
      // Offsets and lengths all over the file, which keeps its size.
      std::mt19937_64 random(static_cast<uint64_t>(seed));
      std::string text = original;
      for (int changes = 0; changes < 3; ++changes) {
        size_t at = random() % text.size();
        text[at] = static_cast<char>(random() % 2 ? random() : text[random() % text.size()]);
      }
      parse(text);
    }
    for (size_t bytesLeft = 0; bytesLeft < original.size(); bytesLeft += 1 + original.size() / 200)
      EXPECT_FALSE(parse(original.substr(0, bytesLeft))) << "cut to " << bytesLeft << " bytes";
  }
}

TEST(Mutations, Gguf) {
  NEEDS_SHARED_DATA("tokenizers");
  std::string original = slurp(sharedData("tokenizers/gguf-vocab/ggml-vocab-llama-spm.gguf"));
  std::string path = scratchFolder("mutations-gguf") + "/a.gguf";
  for (int seed = 0; seed < 40; ++seed) { // large, so fewer
    spill(path, Mutator(seed)(original));
    use(loaded(readGgufTokenizer(path)));
  }
}

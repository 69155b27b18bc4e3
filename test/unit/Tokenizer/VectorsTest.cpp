// Against the test vectors that llama.cpp keeps beside its GGUF vocabularies.
#include "Fixture.h"

#include <sstream>

using namespace lathe;
using namespace lathe::test;

static std::vector<std::string> texts(const std::string &path) {
  const std::string separator = "\n__ggml_vocab_test__\n";
  std::string file = slurp(path);
  std::vector<std::string> out;
  size_t begin = 0;
  for (size_t end; (end = file.find(separator, begin)) != file.npos; begin = end + separator.size())
    out.push_back(file.substr(begin, end - begin));
  out.push_back(file.substr(begin));
  return out;
}

static void expectVectors(const Tokenizer &tokenizer, const std::string &vectors) {
  auto inputs = texts(vectors + ".inp");
  std::ifstream outputs(vectors + ".out");
  size_t compared = 0;
  for (const std::string &text : inputs) {
    std::string line;
    if (!std::getline(outputs, line)) break; // the text behind the last separator has no line
    std::istringstream numbers(line);
    std::vector<int32_t> expected{std::istream_iterator<int32_t>(numbers), {}};
    EXPECT_EQ(idsOf(tokenizer, text, {.addSpecial = false}), expected) << "for '" << text << "'";
    if (!expected.empty()) EXPECT_EQ(textOf(tokenizer, expected), text);
    ++compared;
  }
  EXPECT_GE(compared, 45u);
}

static void expectGguf(const std::string &name) {
  std::string path = sharedData("tokenizers/gguf-vocab/ggml-vocab-" + name + ".gguf");
  auto tokenizer = loaded(readGgufTokenizer(path));
  ASSERT_TRUE(tokenizer.ok()) << tokenizer.status().message();
  expectVectors(*tokenizer, path);
}

TEST(Vectors, Gpt2Gguf) {
  NEEDS_SHARED_DATA("tokenizers");
  expectGguf("gpt-2");
}
TEST(Vectors, LlamaSentencePieceGguf) {
  NEEDS_SHARED_DATA("tokenizers");
  expectGguf("llama-spm");
}
TEST(Vectors, Phi3Gguf) {
  NEEDS_SHARED_DATA("tokenizers");
  expectGguf("phi-3");
}

TEST(Vectors, Gpt2TokenizerJson) {
  NEEDS_SHARED_DATA("tokenizers");
  std::string folder = scratchFolder("gpt2-json");
  spill(folder + "/tokenizer.json", slurp(sharedData("tokenizers/gpt2/tokenizer.json")));
  auto tokenizer = fromFolder(folder);
  ASSERT_TRUE(tokenizer.ok()) << tokenizer.status().message();
  expectVectors(*tokenizer, sharedData("tokenizers/gguf-vocab/ggml-vocab-gpt-2.gguf"));
}

TEST(Vectors, Gpt2VocabularyAndMerges) {
  NEEDS_SHARED_DATA("tokenizers");
  std::string folder = scratchFolder("gpt2-files");
  for (const char *name : {"/vocab.json", "/merges.txt"})
    spill(folder + name, slurp(sharedData(std::string("tokenizers/gpt2") + name)));
  spill(folder + "/tokenizer_config.json", R"({"tokenizer_class": "GPT2Tokenizer"})");
  auto tokenizer = fromFolder(folder);
  ASSERT_TRUE(tokenizer.ok()) << tokenizer.status().message();
  expectVectors(*tokenizer, sharedData("tokenizers/gguf-vocab/ggml-vocab-gpt-2.gguf"));
  EXPECT_EQ(tokenizer->special().eos, 50256);
  EXPECT_EQ(tokenizer->vocabularySize(), 50257);
}

TEST(Vectors, Qwen2VocabularyAndMerges) {
  NEEDS_SHARED_DATA("tokenizers");
  auto tokenizer = fromFolder(sharedData("tokenizers/qwen2"));
  ASSERT_TRUE(tokenizer.ok()) << tokenizer.status().message();
  expectVectors(*tokenizer, sharedData("tokenizers/gguf-vocab/ggml-vocab-qwen2.gguf"));
  EXPECT_EQ(tokenizer->special().eos, 151645);
  EXPECT_EQ(tokenizer->special().bos, -1);
  EXPECT_FALSE(tokenizer->chatTemplate().empty());
  std::vector<int32_t> expected = {151644, 872, 198, 13048, 151645};
  EXPECT_EQ(idsOf(*tokenizer, "<|im_start|>user\nHi<|im_end|>"), expected);
}

TEST(Vectors, Stories260kSentencePiece) {
  NEEDS_SHARED_DATA("stories260k");
  auto tokenizer = fromFolder(sharedData("stories260k/hf"));
  ASSERT_TRUE(tokenizer.ok()) << tokenizer.status().message();
  // Recorded from sentencepiece 0.2.3; the third and fourth, with special tokens inside, from transformers 5.
  const std::pair<const char *, std::vector<int32_t>> recorded[] = {
      {"Once upon a time", {1, 403, 407, 261, 378}},
      {" Hello  world", {1, 410, 346, 306, 414, 410, 263, 304, 341}},
      {"a<s>b", {1, 261, 1, 268}},
      {"x </s> y", {1, 410, 444, 410, 2, 410, 348}},
      {"日本🦙", {1, 410, 233, 154, 168, 233, 159, 175, 243, 162, 169, 156}},
      {"", {1}},
      {"Hi\n\nthere\t1234", {1, 320, 417, 13, 13, 413, 260, 276, 12, 475, 479, 472, 484}}};
  for (const auto &[text, ids] : recorded) EXPECT_EQ(idsOf(*tokenizer, text), ids) << text;
  EXPECT_EQ(textOf(*tokenizer, idsOf(*tokenizer, "Once upon a time")), "Once upon a time");
  std::vector<int32_t> literal = {261, 504, 419, 505, 430};
  EXPECT_EQ(idsOf(*tokenizer, "a<s>b", {.addSpecial = false, .parseSpecial = false}), literal);
  EXPECT_EQ(idsOf(*tokenizer, "One day, a clever fox found a shiny key under the old oak tree.").size(), 35u);
  EXPECT_TRUE(tokenizer->isSpecial(1));
  EXPECT_FALSE(tokenizer->isSpecial(403));
  EXPECT_EQ(tokenizer->vocabularySize(), 512);
}

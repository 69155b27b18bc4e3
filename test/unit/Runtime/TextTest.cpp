// The text calls of the C interface, with a small byte-level tokenizer in the toy's artifact.
#include "Checkpoint/TokenizerReader.h"
#include "ToyModel.h"

#include <thread>

using namespace lathe;
using namespace lathe::toy;

static test::Bytes fixtureTokenizer() {
  auto bytes = readTokenizer(LATHE_SOURCE_DIR "/test/unit/Tokenizer/fixtures/llama3");
  EXPECT_TRUE(bytes.ok()) << bytes.status().message();
  return bytes.ok() ? *bytes : test::Bytes();
}

static Tokens tokenize(const lathe_model *model, const std::string &text, uint32_t flags) {
  size_t count = 0;
  Tokens tokens(1000);
  EXPECT_EQ(lathe_tokenize(model, text.data(), text.size(), flags, tokens.data(), tokens.size(), &count),
            LATHE_OK)
      << lathe_last_error();
  tokens.resize(count);
  return tokens;
}

TEST(Text, ThereAndBack) {
  Toy toy({.tokenizer = fixtureTokenizer()});
  const std::string text = "Once upon a time, 小さい \xF0\x9F\x90\xA6!";
  Tokens tokens = tokenize(toy.model(), text, 0);
  ASSERT_GT(tokens.size(), 4u);
  size_t bytes = 0;
  std::string back(100, '?');
  ASSERT_EQ(lathe_detokenize(toy.model(), tokens.data(), tokens.size(), 0, back.data(), back.size(), &bytes),
            LATHE_OK);
  EXPECT_EQ(back.substr(0, bytes), text);
}

TEST(Text, SaysHowMuchRoomIsNeeded) {
  Toy toy({.tokenizer = fixtureTokenizer()});
  size_t count = 0;
  EXPECT_EQ(lathe_tokenize(toy.model(), "Once upon", 9, 0, nullptr, 0, &count), LATHE_FULL);
  Tokens tokens = tokenize(toy.model(), "Once upon", 0);
  EXPECT_EQ(count, tokens.size());
  char text[4];
  size_t bytes = 0;
  EXPECT_EQ(lathe_detokenize(toy.model(), tokens.data(), count, 0, text, sizeof text, &bytes), LATHE_FULL);
  EXPECT_EQ(bytes, 9u);
  EXPECT_EQ(lathe_tokenize(toy.model(), "", 0, 0, nullptr, 0, &count), LATHE_OK);
  EXPECT_EQ(count, 0u);
}

TEST(Text, StreamsWholeCharacters) {
  Toy toy({.tokenizer = fixtureTokenizer()});
  const std::string text = "a \xF0\x9F\x90\xA6 b";
  lathe_decoder *decoder = nullptr;
  ASSERT_EQ(lathe_decoder_create(toy.model(), LATHE_SKIP_SPECIAL, &decoder), LATHE_OK) << lathe_last_error();
  std::string all;
  const char *piece;
  size_t bytes;
  for (int32_t token : tokenize(toy.model(), text, 0)) {
    ASSERT_EQ(lathe_decoder_push(decoder, token, &piece, &bytes), LATHE_OK);
    all.append(piece, bytes);
    EXPECT_NE(static_cast<unsigned char>(all.empty() ? 'a' : all.back()) & 0xc0, 0xc0)
        << "a character was cut";
  }
  ASSERT_EQ(lathe_decoder_finish(decoder, &piece, &bytes), LATHE_OK);
  EXPECT_EQ(bytes, 0u);
  EXPECT_EQ(all, text);
  lathe_decoder_release(decoder);
}

TEST(Text, OneModelManyThreads) {
  Toy toy({.tokenizer = fixtureTokenizer()});
  std::vector<Tokens> results(4);
  std::vector<std::thread> threads;
  for (Tokens &result : results)
    threads.emplace_back([&] { result = tokenize(toy.model(), "the same text", LATHE_ADD_SPECIAL); });
  for (std::thread &thread : threads) thread.join();
  for (const Tokens &result : results) EXPECT_EQ(result, results[0]);
}

TEST(Text, WithoutATokenizer) {
  Toy toy;
  size_t count = 0;
  lathe_decoder *decoder = nullptr;
  EXPECT_EQ(lathe_tokenize(toy.model(), "a", 1, 0, nullptr, 0, &count), LATHE_UNSUPPORTED);
  EXPECT_EQ(lathe_decoder_create(toy.model(), 0, &decoder), LATHE_UNSUPPORTED);
}

TEST(Text, DamagedTokenizerIsAnError) {
  Toy toy({.tokenizer = test::Bytes(100, std::byte(7))});
  size_t count = 0;
  EXPECT_EQ(lathe_tokenize(toy.model(), "a", 1, 0, nullptr, 0, &count), LATHE_CORRUPT) << lathe_last_error();
}

// Streamed text is whole characters, and all of it is the text of the whole.
#include "Fixture.h"
#include "Tokenizer/Utf8.h"

#include <random>

using namespace lathe;
using namespace lathe::test;

static const std::string fixtures = std::string(LATHE_SOURCE_DIR) + "/test/unit/Tokenizer/fixtures/";

static Tokenizer fixture(const std::string &name) {
  auto tokenizer = fromFolder(fixtures + name);
  EXPECT_TRUE(tokenizer.ok()) << tokenizer.status().message();
  return *tokenizer;
}

static void expectStream(const Tokenizer &tokenizer, const std::vector<int32_t> &ids, bool skipSpecial) {
  StreamDecoder stream(tokenizer, skipSpecial);
  std::string text;
  for (int32_t id : ids) {
    std::string part = stream.push(id);
    ASSERT_TRUE(isUtf8(part)) << "a character is split";
    text += part;
  }
  text += stream.flush();
  EXPECT_EQ(text, textOf(tokenizer, ids, skipSpecial));
  EXPECT_TRUE(isUtf8(text));
}

class Stream : public testing::TestWithParam<const char *> {};

TEST_P(Stream, RandomIdsAsTheWhole) {
  Tokenizer tokenizer = fixture(GetParam());
  std::mt19937 random(7);
  for (int round = 0; round < 300; ++round) {
    std::vector<int32_t> ids(random() % 40);
    // Half of the time among the first ids, which hold the single bytes.
    int32_t range = round % 2 ? tokenizer.vocabularySize() : std::min(tokenizer.vocabularySize(), 260);
    for (int32_t &id : ids) id = static_cast<int32_t>(random() % static_cast<unsigned>(range));
    expectStream(tokenizer, ids, round % 3 == 0);
  }
}

TEST_P(Stream, CharactersOfSeveralTokens) {
  Tokenizer tokenizer = fixture(GetParam());
  for (const char *text : {" two  spaces", "🦙 日本 👩‍👩‍👧 é", "x", "  "}) {
    auto ids = idsOf(tokenizer, text);
    expectStream(tokenizer, ids, true);
    expectStream(tokenizer, ids, false);
  }
}
INSTANTIATE_TEST_SUITE_P(Kinds, Stream, testing::Values("llama2", "llama3", "story", "bert-lower"),
                         [](const auto &info) {
                           std::string name = info.param;
                           std::erase(name, '-');
                           return name;
                         });

TEST(StreamDecoder, HoldsBackUntilACharacterIsWhole) {
  Tokenizer tokenizer = fixture("story");
  auto ids = idsOf(tokenizer, "🦙");
  ASSERT_GE(ids.size(), 2u) << "the fixture has learnt the llama as one token";
  StreamDecoder stream(tokenizer);
  for (size_t i = 0; i + 1 < ids.size(); ++i) EXPECT_EQ(stream.push(ids[i]), "");
  EXPECT_EQ(stream.push(ids.back()), "🦙");
  EXPECT_EQ(stream.push(ids[0]), "");
  EXPECT_EQ(stream.flush(), "\uFFFD") << "the text ends within a character";
  EXPECT_EQ(stream.flush(), "");
}

TEST(StreamDecoder, DropsOnlyTheFirstSpace) {
  Tokenizer tokenizer = fixture("llama2");
  auto ids = idsOf(tokenizer, "the fox");
  StreamDecoder stream(tokenizer);
  for (int round = 0; round < 2; ++round) { // flush begins a new text
    std::string text;
    for (int32_t id : ids) stream.push(id, text);
    stream.flush(text);
    EXPECT_EQ(text, "the fox");
  }
}

TEST(StreamDecoder, IgnoresIdsThatDoNotExist) {
  Tokenizer tokenizer = fixture("story");
  StreamDecoder stream(tokenizer);
  for (int32_t id : {-1, tokenizer.vocabularySize(), INT32_MAX, INT32_MIN}) EXPECT_EQ(stream.push(id), "");
  EXPECT_FALSE(tokenizer.decode(std::vector<int32_t>{-1}).ok());
  EXPECT_EQ(tokenizer.tokenBytes(-1), "");
  EXPECT_FALSE(tokenizer.isSpecial(INT32_MAX));
}

TEST(Tokenizer, TokenBytesMakeUpTheText) {
  for (const char *name : {"llama2", "llama3"}) {
    Tokenizer tokenizer = fixture(name);
    std::string bytes;
    for (int32_t id : idsOf(tokenizer, "naïve 🦙 tree", {.addSpecial = false}))
      bytes += tokenizer.tokenBytes(id);
    EXPECT_EQ(bytes, std::string(name) == "llama2" ? " naïve 🦙 tree" : "naïve 🦙 tree");
  }
}

TEST(Tokenizer, FindsTokensByContent) {
  Tokenizer tokenizer = fixture("llama3");
  EXPECT_EQ(tokenizer.find("<|eot_id|>"), 1);
  EXPECT_EQ(tokenizer.find("no such token"), -1);
}

TEST(Tokenizer, ReadsBytesThatAreNotUtf8AsPythonDoes) {
  Tokenizer tokenizer = fixture("story");
  // bytes.decode("utf-8", errors="replace") of Python 3.11
  const std::pair<std::string, std::string> cases[] = {
      {"a\xFFz", "a\uFFFDz"},
      {"\xE6\x97", "\uFFFD"},
      {"\xF0\x9F\xA6q", "\uFFFDq"},
      {"\xED\xA0\x80", "\uFFFD\uFFFD\uFFFD"},
      {"\xC0\xAF", "\uFFFD\uFFFD"},
      {"\xF4\x90\x80\x80", "\uFFFD\uFFFD\uFFFD\uFFFD"},
      {"\xE1\x80\xE2\xF0\x91\x92\xF1\xBF\x41", "\uFFFD\uFFFD\uFFFD\uFFFD\u0041"}};
  for (const auto &[broken, repaired] : cases) {
    EXPECT_EQ(repairedUtf8(broken), repaired);
    EXPECT_EQ(idsOf(tokenizer, broken), idsOf(tokenizer, repaired));
  }
}

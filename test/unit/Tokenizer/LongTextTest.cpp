// Long and repetitive texts take time in proportion; the limits are far above what an unloaded machine needs.
#include "Fixture.h"
#include "Tokenizer/Unicode.h"

#include <chrono>

using namespace lathe;
using namespace lathe::test;

static const std::string fixtures = std::string(LATHE_SOURCE_DIR) + "/test/unit/Tokenizer/fixtures/";
static constexpr size_t megabyte = 1 << 20;

static std::string repeated(std::string_view text, size_t bytes = megabyte) {
  std::string out;
  while (out.size() < bytes) out += text;
  return out;
}

static double secondsToEncode(const Tokenizer &tokenizer, const std::string &text) {
  auto start = std::chrono::steady_clock::now();
  auto ids = idsOf(tokenizer, text);
  std::chrono::duration<double> taken = std::chrono::steady_clock::now() - start;
  EXPECT_FALSE(ids.empty());
  return taken.count();
}

class LongText : public testing::TestWithParam<const char *> {};

TEST_P(LongText, TakesTimeInProportion) {
  auto tokenizer = fromFolder(fixtures + GetParam());
  ASSERT_TRUE(tokenizer.ok()) << tokenizer.status().message();
  for (std::string_view unit :
       {"a", " ", "\n", "ab", "é", "日", "🦙", "1", "'", "\xFF", " the fox jumped", "a\xCC\x81",
        "\xCC\xA3\xCC\x81", "<|begin_of_text|", "<s", "\xE2\x96\x81", " \n", "a ", "A1 "}) {
    EXPECT_LT(secondsToEncode(*tokenizer, repeated(unit)), 30) << "for '" << unit << "'";
  }
}
INSTANTIATE_TEST_SUITE_P(Kinds, LongText, testing::Values("llama2", "llama3", "story", "bert-lower"),
                         [](const auto &info) {
                           std::string name = info.param;
                           std::erase(name, '-');
                           return name;
                         });

TEST(LongText, BooksWithRealVocabularies) {
  NEEDS_SHARED_DATA("tokenizers");
  NEEDS_SHARED_DATA("text/tinyshakespeare.txt");
  std::string text = slurp(sharedData("text/tinyshakespeare.txt"));
  for (const char *name : {"gpt-2", "llama-spm"}) {
    auto tokenizer =
        loaded(readGgufTokenizer(sharedData("tokenizers/gguf-vocab/ggml-vocab-") + name + ".gguf"));
    ASSERT_TRUE(tokenizer.ok()) << tokenizer.status().message();
    auto ids = idsOf(*tokenizer, text);
    EXPECT_EQ(textOf(*tokenizer, ids), text);
    double seconds = secondsToEncode(*tokenizer, text);
    std::cout << name << ": " << text.size() << " bytes, " << ids.size() << " tokens, " << seconds << " s\n";
    EXPECT_LT(seconds, 30);
  }
}

TEST(Unicode, LongRunsOfMarksAreSortedQuickly) {
  std::string marks = repeated("\xCC\x81\xCC\xA3");
  std::string sorted = normalForm(NormalForm::D, "a" + marks);
  EXPECT_EQ(sorted.size(), marks.size() + 1);
  EXPECT_EQ(sorted.substr(1, 4), "\xCC\xA3\xCC\xA3") << "dots below come before acutes";
}

#include "Tokenizer/Regex.h"

#include <gtest/gtest.h>

using namespace lathe;

static std::string matched(const std::string &pattern, const std::string &text) {
  auto regex = Regex::compile(pattern, false);
  if (!regex) return "(" + regex.status().message() + ")";
  auto found = Regex::Matcher(*regex).find(text, 0);
  if (!found) return "(" + found.status().message() + ")";
  return *found ? text.substr((*found)->first, (*found)->second - (*found)->first) : "(none)";
}

TEST(Regex, ShorthandsMeanWhatOnigurumaMeans) {
  EXPECT_EQ(matched("\\s+", "a\u2028\u3000b"), "\u2028\u3000");
  EXPECT_EQ(matched("\\s", "\u180e"), "(none)")
      << "no white space since Unicode 6.3, though PCRE2's \\s has it";
  EXPECT_EQ(matched("\\d+", "²٣4"), "٣4");
  EXPECT_EQ(matched("\\w+", "-²é\u0301_‿ⓐ-"), "²é\u0301_‿ⓐ");
  EXPECT_EQ(matched("\\W+", "a-+b"), "-+");
  EXPECT_EQ(matched("[\\w-]+", " a-b "), "a-b");
  EXPECT_EQ(matched("[^\\s\\p{L}]+", "a12 "), "12");
  EXPECT_EQ(matched("[]a]+", "]a]"), "]a]");
  EXPECT_EQ(matched("\\u00e9\\x41\\[\\.", "éA[."), "éA[.");
  EXPECT_EQ(matched("(?i:'LL|'d)", "he'll"), "'ll");
  EXPECT_EQ(matched("\\s+(?!\\S)", "a   b"), "  ");
  EXPECT_EQ(matched("^b", "a\nb"), "b") << "^ stands at each line";
}

TEST(Regex, WhatWouldMeanSomethingElseIsRefused) {
  for (const char *pattern :
       {"[a[b]]", "[a&&b]", "\\h", "\\R", "\\X", "\\bx", "(?m)a", "(?<n>a)", "(?R)", "a{,3}", "(*FAIL)",
        "\\1", "[\\W]", "\\", "\\u12", "(?{x})", "\\K", "\\G", "\\Qa\\E"}) {
    auto regex = Regex::compile(pattern, false);
    ASSERT_FALSE(regex.ok()) << pattern;
    EXPECT_EQ(regex.status().code(), Code::Unsupported);
    EXPECT_NE(regex.status().message().find(pattern), std::string::npos) << regex.status().message();
  }
  for (const char *pattern : {"(", "[a", "a)", "*", "\\p{NoSuch}", "\xFF", "(?<=a*)b"})
    EXPECT_FALSE(Regex::compile(pattern, false).ok()) << pattern;
  EXPECT_FALSE(Regex::compile(std::string(100000, 'a'), false).ok());
  EXPECT_FALSE(Regex::compile("", true).ok()) << "an empty text is found everywhere";
}

TEST(Regex, TrapsEndInAnError) {
  auto regex = Regex::compile("(?:a|aa)+\\z", false);
  ASSERT_TRUE(regex.ok());
  auto found = Regex::Matcher(*regex).find(std::string(5000, 'a') + "c", 0);
  ASSERT_FALSE(found.ok());
  EXPECT_NE(found.status().message().find("(?:a|aa)+\\z"), std::string::npos);
}

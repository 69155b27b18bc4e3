#include "Checkpoint/Config.h"

#include "Fixtures.h"

using namespace lathe;
using namespace lathe::testing;

namespace {
Config parsed(const std::string &text) {
  auto config = Config::parse(text, "config.json");
  EXPECT_TRUE(config.ok()) << config.status().message();
  return config.ok() ? *config : *Config::parse("{}", "config.json");
}

/// The error that one access to the key "n" of {"n": value} records.
template <typename Access> Status access(const std::string &value, Access read) {
  Config config = parsed("{\"n\":" + value + "}");
  read(config);
  return config.status();
}

Status integerOf(const std::string &value) {
  return access(value, [](Config &config) { config.integer("n", {1, 1000}); });
}
Status numberOf(const std::string &value) {
  return access(value, [](Config &config) { config.number("n", positiveNumber); });
}
} // namespace

TEST(Config, ReadsTypedValues) {
  Config config =
      parsed(R"({"i":7,"whole":8.0,"x":1e-5,"b":true,"s":"silu","none":null,"list":[3,4],"o":{"y":2}})");
  EXPECT_EQ(config.integer("i", {0, 10}), 7);
  EXPECT_EQ(config.integer("whole", {0, 10}), 8);
  EXPECT_EQ(config.number("x", positiveNumber), 1e-5);
  EXPECT_TRUE(config.boolean("b"));
  EXPECT_EQ(config.text("s"), "silu");
  EXPECT_EQ(config.integer("none", {0, 10}, 5), 5);
  EXPECT_EQ(config.integer("missing", {0, 10}, 6), 6);
  EXPECT_EQ(config.integers("list", {0, 10}), (std::vector<int64_t>{3, 4}));
  EXPECT_EQ(config.integers("i", {0, 10}), (std::vector<int64_t>{7}));
  EXPECT_FALSE(config.has("none"));
  ASSERT_TRUE(config.isObject("o"));
  EXPECT_EQ(config.nested("o")->integer("y", {0, 10}), 2);
  EXPECT_TRUE(config.finish().ok()) << config.finish().message();
}

TEST(Config, NamesTheKeyOfABadValue) {
  for (const char *value : {"\"7\"", "true", "[7]", "{}", "7.5"})
    expectFailure(integerOf(value), Code::Corrupt, {"config.json: 'n' is", "expected an integer"});
  for (const char *value :
       {"0", "-1", "1001", "9223372036854775808", "-9223372036854775809", "1e300", "99999999999999999999999"})
    expectFailure(integerOf(value), Code::Corrupt, {"'n' is", "from 1 to 1000"});
  for (const char *value : {"\"NaN\"", "true", "0", "-1", "1e300", "1e-300"})
    expectFailure(numberOf(value), Code::Corrupt, {"'n' is", "expected a number"});
  expectFailure(integerOf("null"), Code::Corrupt, {"'n' is missing"});
  expectFailure(access("1", [](Config &config) { config.boolean("n"); }), Code::Corrupt, {"true or false"});
  expectFailure(access("1", [](Config &config) { config.text("n"); }), Code::Corrupt, {"expected a string"});
  expectFailure(access("1", [](Config &config) { config.nested("n"); }), Code::Corrupt,
                {"expected an object"});
  expectFailure(access("[1,\"x\"]",
                       [](Config &config) {
                         config.integers("n", {0, 9});
                       }),
                Code::Corrupt, {"'n'"});
  expectFailure(access("{\"x\":-1}",
                       [](Config &config) {
                         config.nested("n")->integer("x", {0, 9});
                       }),
                Code::Corrupt, {"'n.x'"});
}

TEST(Config, KeepsTheFirstError) {
  Config config = parsed("{}");
  EXPECT_EQ(config.integer("first", {4, 9}), 4) << "what comes back must lie in the range";
  config.integer("second", {1, 9});
  expectFailure(config.status(), Code::Corrupt, {"'first' is missing"});
}

TEST(Config, RefusesWhatIsNotAnObject) {
  expectFailure(Config::parse("[]", "c").status(), Code::Corrupt, {"c: not a JSON object"});
  expectFailure(Config::parse("", "c").status(), Code::Corrupt, {"c: not valid JSON"});
  expectFailure(Config::parse("{\"x\":NaN}", "c").status(), Code::Corrupt, {"c: not valid JSON at byte"});
  expectFailure(Config::parse("{\"x\":1e999}", "c").status(), Code::Corrupt, {"c: "});
  expectFailure(Config::parse("{\"x\":1,\"x\":2}", "c").status(), Code::Corrupt, {"'x' is given twice"});
  expectFailure(Config::parse("{\"x\":" + std::string(5000, '['), "c").status(), Code::Corrupt,
                {"nested deeper"});
  expectFailure(Config::parse("{\"x\":\"" + std::string(5 << 20, ' ') + "\"}", "c").status(), Code::Corrupt,
                {"larger than"});
  std::string many = "{\"x\":[0";
  for (int i = 0; i < 300000; ++i) many += ",0";
  expectFailure(Config::parse(many + "]}", "c").status(), Code::Corrupt, {"more than 200000 values"});
  expectFailure(Config::open("/no/such/config.json").status(), Code::NotFound, {"/no/such/config.json"});
}

TEST(Config, FinishNamesWhatNobodyUnderstands) {
  Config config = parsed(R"({"known":1,"dropped":null,"use_cache":true,"transformers_version":"5.0.0",
                             "mystery_scale":0.5,"o":{"inner":1,"left":2},"p":{"whole":1}})");
  config.integer("known", {0, 9});
  config.nested("o")->integer("inner", {0, 9});
  EXPECT_EQ(config.unread(),
            (std::vector<std::string>{"mystery_scale", "o.left", "p", "transformers_version", "use_cache"}));
  expectFailure(config.finish(), Code::Unsupported, {"'mystery_scale', 'o.left', 'p'"});
  config.inert({"mystery_scale", "p"});
  config.nested("o")->inert({"left"});
  EXPECT_TRUE(config.finish().ok());
}

TEST(Config, FalseAndZeroAreNotExempt) {
  expectFailure(parsed(R"({"use_bias":false})").finish(), Code::Unsupported, {"'use_bias'"});
  expectFailure(parsed(R"({"shift":0})").finish(), Code::Unsupported, {"'shift'"});
}

TEST(Config, SwitchesThatMustBeOff) {
  for (const char *value : {"false", "0", "null", "\"\"", "[]", "{}"})
    EXPECT_TRUE(access(value, [](Config &config) { config.requireOff("n", "why"); }).ok()) << value;
  for (const char *value : {"true", "1", "\"x\"", "[0]", "{\"a\":1}"})
    expectFailure(access(value, [](Config &config) { config.requireOff("n", "the reason"); }),
                  Code::Unsupported, {"'n' is", "the reason"});
  expectFailure(access("false", [](Config &config) { config.require("n", true, "the reason"); }),
                Code::Unsupported, {"'n' is false: the reason"});
}

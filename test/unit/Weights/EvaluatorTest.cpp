// Weight expressions: what each node means, and how failures are reported.
#include "Expressions.h"

#include <gtest/gtest.h>

#include <cstring>

using namespace lathe;

namespace {

/// A function over params a, b (3 x 4) and v (4) that returns a weight of type `type`.
std::string function(const std::string &body, const std::string &type) {
  return "func.func @f() -> " + type + R"( {
    %a = lathe.param "a" from "t" : !lathe.weight<3x4xf32>
    %b = lathe.param "b" from "t" : !lathe.weight<3x4xf32>
    %v = lathe.param "v" from "t" : !lathe.weight<4xf32>
    )" + body +
         "\n return %r : " + type + "\n}";
}

class Evaluation : public testing::Test {
protected:
  Evaluation() {
    params.tensors["a"] = {{3, 4}, {1, -2, 3, -4, 5, -6, 7, -8, 9, -10, 11, -12}};
    params.tensors["b"] = {{3, 4}, {2, 2, -2, 2, 1, 1, 2, 1, 0, 0, 0, 2}};
    params.tensors["v"] = {{4}, {1, 10, 100, 1000}};
  }

  std::vector<float> evaluate(const std::string &body, const std::string &type) {
    Expressions expressions(function(body, type));
    EXPECT_TRUE(expressions.parsed()) << expressions.diagnostics;
    auto values = Evaluator(params, 2).dense(expressions.result());
    EXPECT_TRUE(mlir::succeeded(values)) << expressions.diagnostics;
    return mlir::succeeded(values) ? *values : std::vector<float>();
  }

  TestParams params;
};

} // namespace

TEST_F(Evaluation, MovesRowsAndColumns) {
  EXPECT_EQ(evaluate("%r = lathe.rows %a from 1 : !lathe.weight<3x4xf32> -> !lathe.weight<1x4xf32>",
                     "!lathe.weight<1x4xf32>"),
            (std::vector<float>{5, -6, 7, -8}));
  EXPECT_EQ(evaluate("%r = lathe.rows %v from 1 : !lathe.weight<4xf32> -> !lathe.weight<2xf32>",
                     "!lathe.weight<2xf32>"),
            (std::vector<float>{10, 100}));
  EXPECT_EQ(evaluate("%r = lathe.transpose %a : !lathe.weight<3x4xf32> -> !lathe.weight<4x3xf32>",
                     "!lathe.weight<4x3xf32>"),
            (std::vector<float>{1, 5, 9, -2, -6, -10, 3, 7, 11, -4, -8, -12}));
  EXPECT_EQ(
      evaluate(
          "%r = lathe.concat %v, %v : !lathe.weight<4xf32>, !lathe.weight<4xf32> -> !lathe.weight<8xf32>",
          "!lathe.weight<8xf32>"),
      (std::vector<float>{1, 10, 100, 1000, 1, 10, 100, 1000}));
}

TEST_F(Evaluation, Computes) {
  EXPECT_EQ(evaluate("%c = lathe.concat %a, %b : !lathe.weight<3x4xf32>, !lathe.weight<3x4xf32> -> "
                     "!lathe.weight<6x4xf32>\n"
                     "%s = lathe.scale_columns %c by %v : !lathe.weight<6x4xf32>, !lathe.weight<4xf32> -> "
                     "!lathe.weight<6x4xf32>\n"
                     "%r = lathe.rows %s from 2 : !lathe.weight<6x4xf32> -> !lathe.weight<2x4xf32>",
                     "!lathe.weight<2x4xf32>"),
            (std::vector<float>{9, -100, 1100, -12000, 2, 20, -200, 2000}));
  EXPECT_EQ(evaluate("%r = lathe.difference %a, %b : !lathe.weight<3x4xf32>, !lathe.weight<3x4xf32> -> "
                     "!lathe.weight<3x4xf32>",
                     "!lathe.weight<3x4xf32>"),
            (std::vector<float>{-1, -4, 5, -6, 4, -7, 5, -9, 9, -10, 11, -14}));
}

TEST_F(Evaluation, PrunesTheSmallestAndOfEqualOnesTheFirst) {
  // Magnitudes of b: three 0, three 1 and six 2. Half of twelve are the zeros and the ones; 7 take the first
  // 2 as well.
  EXPECT_EQ(evaluate("%r = lathe.prune %b share 0.5 : !lathe.weight<3x4xf32>", "!lathe.weight<3x4xf32>"),
            (std::vector<float>{2, 2, -2, 2, 0, 0, 2, 0, 0, 0, 0, 2}));
  EXPECT_EQ(evaluate("%r = lathe.prune %b share 0.75 : !lathe.weight<3x4xf32>", "!lathe.weight<3x4xf32>"),
            (std::vector<float>{0, 0, 0, 2, 0, 0, 2, 0, 0, 0, 0, 2}));
  EXPECT_EQ(evaluate("%r = lathe.prune %a share 0.0 : !lathe.weight<3x4xf32>", "!lathe.weight<3x4xf32>"),
            params.tensors["a"].second);
  EXPECT_EQ(evaluate("%r = lathe.prune %a threshold 7.0 : !lathe.weight<3x4xf32>", "!lathe.weight<3x4xf32>"),
            (std::vector<float>{0, 0, 0, 0, 0, 0, 7, -8, 9, -10, 11, -12}));
}

TEST_F(Evaluation, PruningIsExactOnManyValues) {
  std::vector<float> values = params.addRandom("w", 517, 93, 5);
  std::string type = "!lathe.weight<517x93xf32>";
  auto body = [&](const char *share) {
    return "%w = lathe.param \"w\" from \"t\" : " + type + "\n%r = lathe.prune %w share " + share + " : " +
           type;
  };
  std::vector<float> magnitudes;
  for (float value : values) magnitudes.push_back(std::fabs(value));
  std::sort(magnitudes.begin(), magnitudes.end());
  std::vector<float> pruned = evaluate(body("0.7"), type);
  auto count = static_cast<int64_t>(0.7 * 517 * 93);
  EXPECT_EQ(std::count(pruned.begin(), pruned.end(), 0.0f), count);
  for (size_t i = 0; i < pruned.size(); ++i)
    ASSERT_EQ(pruned[i], std::fabs(values[i]) >= magnitudes[count] ? values[i] : 0);
}

TEST_F(Evaluation, BitmapsTakeWhatTheirCodesNeed) {
  params.addRandom("w", 128, 256, 9);
  auto text = [](const char *share) {
    std::string encoding = "<si8, block 1x0, scale <f32>, bitmap>";
    return "func.func @f() -> !lathe.weight<128x256x" + encoding +
           ", panel 64> {\n"
           "%w = lathe.param \"w\" from \"t\" : !lathe.weight<128x256xf32>\n"
           "%p = lathe.prune %w share " +
           share +
           " : !lathe.weight<128x256xf32>\n"
           "%q = lathe.quantize none %p : !lathe.weight<128x256xf32> -> !lathe.weight<128x256x" +
           encoding +
           ">\n"
           "%r = lathe.pack %q : !lathe.weight<128x256x" +
           encoding + "> -> !lathe.weight<128x256x" + encoding +
           ", panel 64>\n"
           "return %r : !lathe.weight<128x256x" +
           encoding + ", panel 64>\n}";
  };
  Expressions expressions(text("0.75"));
  ASSERT_TRUE(expressions.parsed()) << expressions.diagnostics;
  auto stored = store(expressions.result(), params);
  ASSERT_TRUE(stored);
  int64_t mask = 128 * 256 / 8, starts = 64, scales = 128 * 4, codes = 128 * 256 / 4;
  EXPECT_LE(int64_t(stored->bytes.size()), mask + starts + scales + codes);
  EXPECT_GE(int64_t(stored->bytes.size()), mask + starts + scales + codes * 9 / 10);
  auto density = Evaluator(params, 2).density(expressions.result());
  ASSERT_TRUE(mlir::succeeded(density));
  EXPECT_LE(*density, 0.25);
}

TEST_F(Evaluation, VectorsAreStoredInOrder) {
  Expressions expressions(
      function("%r = lathe.quantize none %v : !lathe.weight<4xf32> -> !lathe.weight<4xbf16>",
               "!lathe.weight<4xbf16>"));
  auto stored = store(expressions.result(), params);
  ASSERT_TRUE(stored) << expressions.diagnostics;
  uint16_t elements[4];
  std::memcpy(elements, stored->bytes.data(), sizeof(elements));
  for (int i = 0; i < 4; ++i)
    EXPECT_EQ(elements[i], encodeFloat(FloatFormat::BF16, params.tensors["v"].second[i]));
}

TEST_F(Evaluation, DifferencesAreMeasured) {
  Expressions expressions(function("%r = lathe.quantize none %a : !lathe.weight<3x4xf32> -> "
                                   "!lathe.weight<3x4x<si2, block 1x0, scale <f32>>>",
                                   "!lathe.weight<3x4x<si2, block 1x0, scale <f32>>>"));
  auto quantize = expressions.result().getDefiningOp<QuantizeOp>();
  auto error = Evaluator(params, 2).difference(quantize.getResult(), quantize.getWeight());
  ASSERT_TRUE(mlir::succeeded(error));
  EXPECT_DOUBLE_EQ(error->squaredNorm, 650);
  // Rows of codes {0, 0 or -1, 1, -1}: 1 2 1 0, 3 2 1 0, 3 2 1 0 away (ties go to even codes).
  EXPECT_GT(error->squaredError, 10);
  EXPECT_LT(error->squaredError, 120);
}

TEST_F(Evaluation, CompressionsCompose) {
  params.addRandom("w", 70, 90, 11);
  std::string given = "!lathe.weight<70x90xf32>", left = "!lathe.weight<70x8xf32>",
              right = "!lathe.weight<8x90xf32>";
  std::string coarse = "!lathe.weight<70x90x<si2, block 1x32, scale <f16>>>";
  std::string factor = "!lathe.weight<8x90x<si8, block 1x0, scale <f32>>>";
  std::string packed = "!lathe.weight<8x90x<si8, block 1x0, scale <f32>>, panel 64>";
  // W ~ Q + L R, with R in eight bits: both factors come from one decomposition of what Q lost.
  Expressions expressions("func.func @f() -> (" + packed + ", " + left + ", " + coarse + ", " + given +
                          ") {\n"
                          "%w = lathe.param \"w\" from \"t\" : " +
                          given +
                          "\n"
                          "%q = lathe.quantize mse %w : " +
                          given + " -> " + coarse +
                          "\n"
                          "%d = lathe.difference %w, %q : " +
                          given + ", " + coarse + " -> " + given +
                          "\n"
                          "%l, %r = lathe.low_rank %d : " +
                          given + " -> " + left + ", " + right +
                          "\n"
                          "%r8 = lathe.quantize none %r : " +
                          right + " -> " + factor +
                          "\n"
                          "%p = lathe.pack %r8 : " +
                          factor + " -> " + packed +
                          "\n"
                          "return %p, %l, %q, %w : " +
                          packed + ", " + left + ", " + coarse + ", " + given + "\n}");
  ASSERT_TRUE(expressions.parsed()) << expressions.diagnostics;
  ASSERT_TRUE(store(expressions.result(0), params)) << expressions.diagnostics;
  Evaluator evaluator(params, 2);
  auto r = *evaluator.dense(expressions.result(0)), l = *evaluator.dense(expressions.result(1));
  auto q = *evaluator.dense(expressions.result(2)), w = *evaluator.dense(expressions.result(3));
  double before = 0, after = 0;
  for (int row = 0; row < 70; ++row)
    for (int column = 0; column < 90; ++column) {
      double lost = double(w[row * 90 + column]) - q[row * 90 + column], correction = 0;
      for (int i = 0; i < 8; ++i) correction += double(l[row * 8 + i]) * r[i * 90 + column];
      before += lost * lost;
      after += (lost - correction) * (lost - correction);
    }
  auto spectrum = evaluator.spectrum(expressions.result(3), 1, 70);
  ASSERT_TRUE(mlir::succeeded(spectrum));
  EXPECT_NEAR(spectrum->energy(70), 1, 1e-6);
  EXPECT_LT(after, 0.8 * before);
}

TEST_F(Evaluation, FailuresSayWhereAndWhat) {
  auto failure = [&](const std::string &body, const std::string &type) {
    Expressions expressions(function(body, type));
    EXPECT_TRUE(expressions.parsed()) << expressions.diagnostics;
    EXPECT_FALSE(store(expressions.result(), params));
    return expressions.diagnostics;
  };
  EXPECT_NE(failure("%r = lathe.param \"missing\" from \"t\" : !lathe.weight<4xf32>", "!lathe.weight<4xf32>")
                .find("no tensor \"missing\""),
            std::string::npos);
  EXPECT_NE(failure("%r = lathe.param \"a\" from \"t\" : !lathe.weight<12xf32>", "!lathe.weight<12xf32>")
                .find("is [3, 4] in the checkpoint, not [12]"),
            std::string::npos);
  EXPECT_NE(failure("%r = lathe.rows %a from 0 : !lathe.weight<3x4xf32> -> !lathe.weight<1x4xf32>",
                    "!lathe.weight<1x4xf32>")
                .find("are stored, not"),
            std::string::npos);
  params.tensors["v"].second[2] = NAN;
  EXPECT_NE(failure("%r = lathe.rows %v from 0 : !lathe.weight<4xf32> -> !lathe.weight<3xf32>",
                    "!lathe.weight<3xf32>")
                .find("not finite"),
            std::string::npos);
  params.tensors["v"].second[2] = 1e30f;
  EXPECT_NE(failure("%r = lathe.quantize none %v : !lathe.weight<4xf32> -> !lathe.weight<4xf16>",
                    "!lathe.weight<4xf16>")
                .find("too large for its encoding"),
            std::string::npos);
}

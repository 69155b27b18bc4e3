// The quantizer against plain computations of what an encoding is to be.
#include "Expressions.h"

#include <gtest/gtest.h>

using namespace lathe;

namespace {

constexpr int64_t kRows = 13, kColumns = 76;

std::vector<float> randomMatrix(unsigned seed, int64_t rows = kRows, int64_t columns = kColumns) {
  TestParams params;
  return params.addRandom("w", rows, columns, seed);
}

struct Case {
  unsigned bits;
  int64_t blockRows, blockColumns;
};

Format formatOfCase(const Case &c, bool affine) {
  Format format;
  format.codes = Format::Codes::Integer;
  format.bits = c.bits;
  format.isSigned = !affine;
  format.blockRows = c.blockRows;
  format.blockColumns = c.blockColumns;
  format.scale = std::make_shared<Format>();
  if (affine) format.offset = std::make_shared<Format>();
  return format;
}

/// body(block's weights, block's decoded weights) for every block.
void forBlocks(const Format &format, const std::vector<float> &w, const std::vector<float> &decoded,
               const std::function<void(const std::vector<float> &, const std::vector<float> &)> &body) {
  int64_t r = format.blockRows ? format.blockRows : kRows,
          c = format.blockColumns ? format.blockColumns : kColumns;
  for (int64_t row = 0; row < kRows; row += r)
    for (int64_t column = 0; column < kColumns; column += c) {
      std::vector<float> given, stored;
      for (int64_t i = row; i < std::min(kRows, row + r); ++i)
        for (int64_t j = column; j < std::min(kColumns, column + c); ++j) {
          given.push_back(w[i * kColumns + j]);
          stored.push_back(decoded[i * kColumns + j]);
        }
      body(given, stored);
    }
}

std::vector<float> roundTrip(const Format &format, const std::vector<float> &w, bool clip) {
  std::vector<float> decoded(w.size());
  dequantize(format, quantize(format, w, kRows, kColumns, clip), decoded);
  return decoded;
}

double squaredError(const std::vector<float> &a, const std::vector<float> &b) {
  double total = 0;
  for (size_t i = 0; i < a.size(); ++i) total += (double(a[i]) - b[i]) * (double(a[i]) - b[i]);
  return total;
}

class Blocks : public testing::TestWithParam<Case> {};

} // namespace

TEST_P(Blocks, SymmetricRoundsToMultiplesOfTheScale) {
  Format format = formatOfCase(GetParam(), false);
  std::vector<float> w = randomMatrix(1);
  forBlocks(format, w, roundTrip(format, w, false), [&](const auto &given, const auto &decoded) {
    float largest = 0;
    for (float x : given) largest = std::max(largest, std::fabs(x));
    float scale = largest / format.largestCode();
    for (size_t i = 0; i < given.size(); ++i) {
      float code = decoded[i] / scale;
      ASSERT_NEAR(code, std::nearbyint(code), 1e-4);
      ASSERT_LE(std::fabs(code), format.largestCode() + 1e-4);
      ASSERT_LE(std::fabs(given[i] - decoded[i]), scale * 0.5001f);
    }
  });
}

TEST_P(Blocks, AffineSpansTheMinimumAndTheMaximum) {
  Format format = formatOfCase(GetParam(), true);
  std::vector<float> w = randomMatrix(2);
  forBlocks(format, w, roundTrip(format, w, false), [&](const auto &given, const auto &decoded) {
    auto [low, high] = std::minmax_element(given.begin(), given.end());
    float scale = (*high - *low) / format.largestCode();
    if (scale == 0) {
      ASSERT_EQ(given, decoded);
      return;
    }
    for (size_t i = 0; i < given.size(); ++i) {
      float code = (decoded[i] - *low) / scale;
      ASSERT_NEAR(code, std::nearbyint(code), 1e-3);
      ASSERT_LE(std::fabs(given[i] - decoded[i]), scale * 0.5001f + 1e-6f);
    }
  });
}

TEST_P(Blocks, TheSearchIsNeverWorseThanPlainRounding) {
  for (bool affine : {false, true})
    for (unsigned seed : {3u, 4u, 5u}) {
      Format format = formatOfCase(GetParam(), affine);
      std::vector<float> w = randomMatrix(seed), plain = roundTrip(format, w, false),
                         clipped = roundTrip(format, w, true);
      std::vector<double> errors;
      forBlocks(format, w, plain,
                [&](const auto &a, const auto &b) { errors.push_back(squaredError(a, b)); });
      size_t block = 0;
      forBlocks(format, w, clipped, [&](const auto &a, const auto &b) {
        ASSERT_LE(squaredError(a, b), errors[block++] * 1.00001 + 1e-12);
      });
      if (GetParam().bits <= 5) EXPECT_LT(squaredError(w, clipped), 0.97 * squaredError(w, plain));
    }
}

INSTANTIATE_TEST_SUITE_P(
    Sizes, Blocks, testing::ValuesIn([] {
      std::vector<Case> cases;
      for (unsigned bits = 2; bits <= 8; ++bits)
        for (auto [rows, columns] : {std::pair{0, 0}, {1, 0}, {1, 32}, {1, 25}, {4, 8}, {1, 128}})
          cases.push_back({bits, rows, columns});
      return cases;
    }()));

static std::shared_ptr<Format> parse(const std::string &encoding) { return Expressions("").format(encoding); }

TEST(Quantizer, NestedSearchIsNeverWorseInAnyRow) {
  for (const char *encoding :
       {"<ui4, block 1x16, scale <ui6, block 1x4, scale <f16>>, offset <ui6, block 1x4, scale <f16>>>",
        "<si3, block 1x16, scale <ui6, block 1x0, scale <f16>>>", "<f4E2M1FN, block 1x16, scale <f8E4M3FN>>",
        "<f4E2M1FN, block 1x32, scale <f8E8M0FNU>>", "<si4, block 1x32, scale <f16>>",
        "<ui4, block 1x32, scale <f16>, offset <f16>>",
        "<ui2, table [-1.5, -0.4, 0.4, 1.5], block 1x32, scale <bf16>>"}) {
    std::shared_ptr<Format> format = parse(encoding);
    ASSERT_TRUE(format) << encoding;
    std::vector<float> w = randomMatrix(6), plain = roundTrip(*format, w, false),
                       clipped = roundTrip(*format, w, true);
    Format rows = formatOfCase({4, 1, 0}, false);
    std::vector<double> errors;
    forBlocks(rows, w, plain, [&](const auto &a, const auto &b) { errors.push_back(squaredError(a, b)); });
    size_t row = 0;
    forBlocks(rows, w, clipped, [&](const auto &a, const auto &b) {
      EXPECT_LE(squaredError(a, b), errors[row++] * 1.00001) << encoding;
    });
    EXPECT_LT(squaredError(w, clipped), squaredError(w, plain)) << encoding;
    EXPECT_LT(squaredError(w, clipped), 0.5 * squaredError(w, std::vector<float>(w.size()))) << encoding;
  }
}

TEST(Quantizer, NormalValuesCostWhatTheoryTells) {
  // A uniform quantizer with step s errs by s / sqrt(12); 4 bits in groups of 64 normal values come to about
  // a tenth.
  std::mt19937 random(8);
  std::normal_distribution<float> normal;
  std::vector<float> w(64 * 1024);
  for (float &x : w) x = normal(random);
  auto relative = [&](const char *encoding, bool clip) {
    std::shared_ptr<Format> format = parse(encoding);
    std::vector<float> decoded(w.size());
    dequantize(*format, quantize(*format, w, 64, 1024, clip), decoded);
    return std::sqrt(squaredError(w, decoded) / squaredError(w, std::vector<float>(w.size())));
  };
  EXPECT_NEAR(relative("<si4, block 1x64, scale <f16>>", false), 0.103, 0.01);
  EXPECT_LT(relative("<si4, block 1x64, scale <f16>>", true), 0.092);
  EXPECT_LT(relative("<si8, block 1x0, scale <f32>>", false), 0.0085);
  EXPECT_LT(relative("<ui4, table [-1.0, -0.6961928, -0.52507305, -0.3949175, -0.28444138, -0.18477343, "
                     "-0.09105004, 0.0,"
                     " 0.0795803, 0.1609302, 0.2461123, 0.33791524, 0.44070983, 0.562617, 0.72295684, 1.0],"
                     " block 1x64, scale <f16>>",
                     true),
            0.089);
  EXPECT_LT(relative("<bf16>", false), 0.003);
}

TEST(Quantizer, ExtremeBlocksStayFinite) {
  std::vector<float> w(kRows * kColumns);
  for (int64_t column = 0; column < kColumns; ++column) {
    w[1 * kColumns + column] = 1e-42f * float(column);
    w[2 * kColumns + column] = column % 2 ? 1e38f : -1e38f;
    w[3 * kColumns + column] = 1e6f;
    w[4 * kColumns + column] = -2;
    w[5 * kColumns + column] = column ? 0 : 1e-6f;
  }
  for (const char *encoding :
       {"<si4, block 1x32, scale <f16>>", "<si2, block 1x32, scale <f32>>",
        "<ui4, block 1x32, scale <f32>, offset <f32>>",
        "<ui4, block 1x16, scale <ui6, block 1x4, scale <f16>>, offset <ui6, block 1x4, scale <f16>>>",
        "<f4E2M1FN, block 1x32, scale <f8E8M0FNU>>", "<si8, block 1x0, scale <f32>>",
        "<ui1, block 1x0, scale <f32>>", "<si1, block 1x0, scale <f32>>", "<si4, block 1x32, offset <f32>>",
        "<ui8, block 1x8, scale <f16>>"})
    for (bool clip : {false, true}) {
      std::shared_ptr<Format> format = parse(encoding);
      ASSERT_TRUE(format) << encoding;
      std::vector<float> decoded = roundTrip(*format, w, clip);
      for (float x : decoded) ASSERT_TRUE(std::isfinite(x)) << encoding;
      for (int64_t column = 0; column < kColumns; ++column) {
        if (std::string(encoding).find("offset") == std::string::npos) {
          ASSERT_EQ(decoded[column], 0) << encoding;
        }
      }
    }
}

TEST(Quantizer, ConstantBlocksAreKeptByAnOffset) {
  std::vector<float> w(kRows * kColumns, 0.37f);
  std::vector<float> decoded = roundTrip(*parse("<ui2, block 1x32, scale <f32>, offset <f32>>"), w, true);
  for (float x : decoded) ASSERT_EQ(x, 0.37f);
}

TEST(Quantizer, KnowsWhichRowsDependOnEachOther) {
  auto rows = [](const char *encoding) { return independentRows(*parse(encoding), 96); };
  EXPECT_EQ(rows("<bf16>"), 1);
  EXPECT_EQ(rows("<si4, block 1x32, scale <f16>>"), 1);
  EXPECT_EQ(rows("<si4, block 0x0, scale <f16>>"), 96);
  EXPECT_EQ(rows("<si4, block 16x16, scale <f16>>"), 16);
  EXPECT_EQ(rows("<si4, block 1x32, scale <ui6, block 1x0, scale <f16>>>"), 1);
  EXPECT_EQ(rows("<si4, block 4x32, scale <ui6, block 8x1, scale <f16>>>"), 32);
  EXPECT_EQ(rows("<si4, block 1x32, scale <ui8, block 0x0, scale <f32>>>"), 96);
}

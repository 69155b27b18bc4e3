// Rounding to float formats: exhaustively for f16 and bf16, and against PyTorch's results (record.py).
#include "Weights/NumberFormat.h"

#include "Expressions.h"
#include "Weights/FormatOf.h"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <fstream>

using namespace lathe;

/// IEEE binary16 by its definition.
static double halfValue(uint32_t half) {
  int exponent = half >> 10 & 31, mantissa = half & 0x3ff;
  double magnitude = exponent ? std::ldexp(1024 + mantissa, exponent - 25) : std::ldexp(mantissa, -24);
  return half & 0x8000 ? -magnitude : magnitude;
}

TEST(NumberFormat, EveryHalfHasItsValue) {
  for (uint32_t half = 0; half < 0x10000; ++half) {
    float value = decodeFloat(FloatFormat::F16, half);
    if ((half & 0x7c00) == 0x7c00) {
      EXPECT_EQ(std::isinf(value), (half & 0x3ff) == 0) << half;
      continue;
    }
    ASSERT_EQ(value, halfValue(half)) << half;
    ASSERT_EQ(encodeFloat(FloatFormat::F16, value), half);
  }
}

/// Between two neighbours: the middle goes to the even one, what is next to the middle to the nearer one.
static void expectNearestEven(FloatFormat format, uint32_t lower) {
  float below = decodeFloat(format, lower), above = decodeFloat(format, lower + 1);
  float middle = static_cast<float>((double(below) + double(above)) / 2);
  ASSERT_EQ(encodeFloat(format, middle), lower + (lower & 1)) << lower;
  ASSERT_EQ(encodeFloat(format, std::nextafter(middle, below)), lower);
  ASSERT_EQ(encodeFloat(format, std::nextafter(middle, above)), lower + 1);
  ASSERT_EQ(encodeFloat(format, -middle), lower + (lower & 1) + 0x8000);
}

TEST(NumberFormat, HalvesRoundToNearestEven) {
  for (uint32_t half = 0; half < 0x7bff; ++half) expectNearestEven(FloatFormat::F16, half);
  EXPECT_EQ(encodeFloat(FloatFormat::F16, 65519.99f), 0x7bffu);
  EXPECT_EQ(encodeFloat(FloatFormat::F16, 65520.0f), 0x7c00u);
  EXPECT_EQ(encodeFloat(FloatFormat::F16, -INFINITY), 0xfc00u);
  EXPECT_TRUE(std::isnan(decodeFloat(FloatFormat::F16, encodeFloat(FloatFormat::F16, NAN))));
}

TEST(NumberFormat, BrainsRoundToNearestEven) {
  for (uint32_t brain = 0; brain < 0x7f7f; ++brain) expectNearestEven(FloatFormat::BF16, brain);
  EXPECT_EQ(encodeFloat(FloatFormat::BF16, INFINITY), 0x7f80u);
  EXPECT_TRUE(std::isnan(decodeFloat(FloatFormat::BF16, encodeFloat(FloatFormat::BF16, NAN))));
}

static std::shared_ptr<Format> formatNamed(const std::string &name) {
  Expressions expressions("");
  return expressions.format("<" + name + ">");
}

TEST(NumberFormat, RoundsAsPyTorchDoes) {
  std::ifstream file(LATHE_SOURCE_DIR "/test/unit/Weights/fixtures/rounding.txt");
  ASSERT_TRUE(file.is_open());
  std::map<std::string, std::shared_ptr<Format>> formats;
  std::string name;
  uint32_t valueBits, code, backBits;
  int lines = 0;
  for (; file >> name >> std::hex >> valueBits >> code >> backBits; ++lines) {
    bool valueOnly = name.ends_with("-value");
    if (valueOnly) name.resize(name.size() - 6);
    std::shared_ptr<Format> &format = formats[name];
    if (!format) format = formatNamed(name);
    ASSERT_TRUE(format) << name;
    float value = std::bit_cast<float>(valueBits), back = std::bit_cast<float>(backBits);
    if (valueOnly && std::isnan(back))
      EXPECT_TRUE(std::isnan(format->table[code])) << name << " " << code;
    else if (valueOnly)
      EXPECT_EQ(format->table[code], back) << name << " " << code;
    else if (format->codes == Format::Codes::Float)
      EXPECT_EQ(encodeFloat(format->floatFormat, value), code) << name << " of " << value;
    else if (back != 0) // PyTorch keeps the sign of zero
      EXPECT_EQ(format->table.nearest(value), code) << name << " of " << value;
    else
      EXPECT_EQ(format->table[format->table.nearest(value)], 0) << name << " of " << value;
  }
  EXPECT_GT(lines, 1000);
}

TEST(NumberFormat, MicroscalingFormatsHaveTheirValues) {
  // OCP Microscaling 1.0, table 2 (E2M1) and section 5.4 (E8M0).
  std::shared_ptr<Format> e2m1 = formatNamed("f4E2M1FN"), e8m0 = formatNamed("f8E8M0FNU");
  const float expected[] = {0, 0.5f, 1, 1.5f, 2, 3, 4, 6};
  for (int code = 0; code < 8; ++code) {
    EXPECT_EQ(e2m1->table[code], expected[code]);
    EXPECT_EQ(e2m1->table[code + 8], -expected[code]);
  }
  for (int code = 0; code < 255; ++code) EXPECT_EQ(e8m0->table[code], std::ldexp(1.0f, code - 127));
  EXPECT_TRUE(std::isnan(e8m0->table[255]));
  EXPECT_EQ(e8m0->table.nearest(0), 0);
}

TEST(NumberFormat, TablesRoundToTheNearestEntry) {
  ValueTable table({1, -1, 0.25f, -0.25f, 0, NAN, 3, 0});
  const std::pair<float, float> cases[] = {{0.1f, 0},      {0.125f, 0},    {0.126f, 0.25f}, {-0.125f, 0},
                                           {-0.2f, -.25f}, {2, 1},         {2.0001f, 3},    {99, 3},
                                           {-99, -1},      {0.625f, .25f}, {-0.625f, -.25f}};
  for (auto [value, nearest] : cases) EXPECT_EQ(table[table.nearest(value)], nearest) << value;
  EXPECT_EQ(table.nearest(0), 4) << "of equal entries the first";
}

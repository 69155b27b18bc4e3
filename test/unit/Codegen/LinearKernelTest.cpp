// Linear kernels against plain loops: encodings x shapes x rows x variants.
#include "PackedWeights.h"
#include "QuantizedInput.h"

#include "gtest/gtest.h"

#include <cmath>

using namespace lathe;
using namespace lathe::test;

namespace {

struct FloatCase {
  const char *encoding;
  int64_t rows, columns;
  const char *input = "f32";
};

std::string text(const char *format, std::vector<std::string> arguments) {
  std::string result;
  for (const char *p = format; *p; ++p) {
    if (*p == '$')
      result += arguments[*++p - '0'];
    else
      result += *p;
  }
  return result;
}

/// y = x . W^T as a kernel over plain rows.
std::string floatKernel(const FloatCase &c) {
  std::string n = std::to_string(c.rows), k = std::to_string(c.columns);
  int64_t bytes = std::string(c.input) == "f32" ? 4 : 2;
  return text(R"(
    exec.kernel @k over rows slices [!exec.slice<rows by $1 of $4, stride $5>, unit, !exec.slice<rows by $0 of f32, stride $6>] states {} {
    ^bb0(%x: tensor<?x$1x$4>, %w: $3):
      %y = lathe.linear %x, [%w] : tensor<?x$1x$4>, [$3] -> tensor<?x$0xf32>
      lathe.yield %y : tensor<?x$0xf32>
    })",
              {n, k, "", PackedWeights::typeText(c.rows, c.columns, c.encoding), c.input,
               std::to_string(c.columns * bytes), std::to_string(c.rows * 4)});
}

const int32_t kRowCounts[] = {1, 2, 3, 7, 8, 9, 33, 100};

/// x of `count` rows, as f32 and as stored.
struct Input {
  Buffer<float> values;
  Buffer<uint16_t> narrow;
  void *stored;
};

Input makeInput(const std::string &type, size_t count, unsigned seed) {
  Input input{randomFloats(count, seed), Buffer<uint16_t>(count), nullptr};
  for (size_t i = 0; i < count; ++i) {
    if (type == "f32") continue;
    input.narrow[i] = type == "bf16" ? toBf16(input.values[i]) : toF16(input.values[i]);
    input.values[i] = type == "bf16" ? fromBf16(input.narrow[i]) : fromF16(input.narrow[i]);
  }
  input.stored = type == "f32" ? static_cast<void *>(input.values.data()) : input.narrow.data();
  return input;
}

/// y = x wᵀ of `rows` rows, behind which nothing is written.
Buffer<float> multiply(const Program &program, size_t variant, int32_t rows, void *x,
                       const PackedWeights &w) {
  Batch batch({{0, 0, rows}});
  size_t count = size_t(rows * w.rows);
  Buffer<float> y(count + 1);
  y[count] = 42;
  program.run(variant, "k", batch.get(), {x, w.bytes.data(), y.data()});
  EXPECT_EQ(y[count], 42) << "wrote behind the result";
  return y;
}

class FloatLinear : public testing::TestWithParam<FloatCase> {};

TEST_P(FloatLinear, AgreesWithPlainLoops) {
  const FloatCase &c = GetParam();
  Program program(floatKernel(c), deviceVariants());
  PackedWeights w(c.rows, c.columns, c.encoding, 1);
  for (int32_t rows : kRowCounts) {
    Input x = makeInput(c.input, size_t(rows * c.columns), 2);
    for (size_t variant = 0; variant < program.variants(); ++variant) {
      Buffer<float> y = multiply(program, variant, rows, x.stored, w);
      for (int64_t m = 0; m < rows; ++m)
        for (int64_t n = 0; n < c.rows; ++n) {
          double sum = 0, magnitude = 0;
          for (int64_t k = 0; k < c.columns; ++k) {
            double product = double(x.values[m * c.columns + k]) * w.dense[n * c.columns + k];
            sum += product;
            magnitude += std::abs(product);
          }
          ASSERT_NEAR(y[m * c.rows + n], sum, 1e-5 * magnitude + 1e-7)
              << program.variantName(variant).str() << " rows " << rows << " at " << m << ", " << n;
        }
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Plain, FloatLinear,
                         testing::Values(FloatCase{"f32", 64, 64}, FloatCase{"f32", 172, 64},
                                         FloatCase{"f32", 64, 172}, FloatCase{"f32", 1, 3},
                                         FloatCase{"f32", 200, 48}, FloatCase{"bf16", 65, 256},
                                         FloatCase{"f16", 130, 100}, FloatCase{"f32", 64, 1100},
                                         FloatCase{"bf16", 96, 64, "bf16"}, FloatCase{"f32", 70, 33, "f16"}));

const char *kNf4 =
    "<ui4, table [-1.0, -0.6961928, -0.52507305, -0.3949175, -0.28444138, -0.18477343, -0.09105004, 0.0, "
    "0.0795803, "
    "0.1609302, 0.2461123, 0.33791524, 0.44070983, 0.562617, 0.72295684, 1.0], block 1x64, scale <f32>>";

INSTANTIATE_TEST_SUITE_P(
    Coded, FloatLinear,
    testing::Values(
        FloatCase{"<si8, block 1x0, scale <f32>>", 100, 172},
        FloatCase{"<si8, block 1x32, scale <f16>>", 64, 172},
        FloatCase{"<si4, block 1x64, scale <f16>>", 70, 256},
        FloatCase{"<ui4, block 1x32, scale <f16>, offset <f16>>", 65, 48},
        FloatCase{"<si3, block 1x32, scale <f16>>", 64, 172},
        FloatCase{"<si2, block 1x16, scale <f32>>", 33, 48},
        FloatCase{"<si5, block 1x8, scale <f32>>", 64, 100},
        FloatCase{"<si6, block 1x24, scale <f32>>", 64, 100},
        FloatCase{"<si7, block 1x64, scale <bf16>>", 64, 64}, FloatCase{kNf4, 72, 172},
        FloatCase{
            "<ui4, block 1x32, scale <ui6, block 1x8, scale <f16>>, offset <ui6, block 1x8, scale <f16>>>",
            130, 300},
        FloatCase{"<f4E2M1FN, block 1x32, scale <f8E8M0FNU>>", 64, 172}, FloatCase{"f8E4M3FN", 64, 64},
        FloatCase{"<f8E5M2, block 1x0, scale <f32>>", 64, 50},
        FloatCase{"<si8, block 0x0, scale <f32>>", 90, 64},
        FloatCase{"<si8, block 32x32, scale <f32>>", 90, 100},
        FloatCase{"<si4, block 5x0, scale <f16>>", 67, 64},
        FloatCase{"<f16, block 1x32, scale <f32>>", 66, 70}));

INSTANTIATE_TEST_SUITE_P(
    Bitmaps, FloatLinear,
    testing::Values(FloatCase{"<si8, block 1x0, scale <f32>, bitmap>", 100, 172},
                    FloatCase{"<si8, block 1x32, scale <f16>, bitmap>", 64, 300},
                    FloatCase{"<si4, block 1x64, scale <f16>, bitmap>", 70, 256},
                    FloatCase{"<ui4, block 1x32, scale <f16>, offset <f16>, bitmap>", 65, 48},
                    FloatCase{"<si5, block 1x6, scale <f32>, bitmap>", 64, 100},
                    FloatCase{"<si8, block 32x32, scale <f32>, bitmap>", 90, 100},
                    FloatCase{"<ui2, table [-1.0, -0.25, 0.0, 1.0], block 1x16, scale <f32>, bitmap>", 72, 172},
                    FloatCase{"<f8E4M3FN, block 1x0, scale <f32>, bitmap>", 64, 50},
                    FloatCase{"<f16, bitmap>", 130, 301}, FloatCase{"<bf16, bitmap>", 65, 256},
                    FloatCase{"<f32, bitmap>", 1, 3}, FloatCase{"<f32, bitmap>", 70, 1100, "f16"},
                    FloatCase{"<f16, block 1x32, scale <f32>, bitmap>", 66, 70, "bf16"}));

//===------------------------------------------------------------------------------------------------------------===//
// Quantized rows
//===------------------------------------------------------------------------------------------------------------===//

struct IntegerCase {
  const char *encoding;
  int64_t rows, columns, group;
};

std::string integerKernel(const IntegerCase &c) {
  std::string n = std::to_string(c.rows), k = std::to_string(c.columns), g = std::to_string(c.group);
  return text(R"(
    exec.kernel @k over rows slices [!exec.slice<rows by $1 of i8, stride $4, group $2>, unit, !exec.slice<rows by $0 of f32, stride $5>] states {} {
    ^bb0(%x: tensor<?x$1xi8, #lathe.quantized_rows<$2>>, %w: $3):
      %y = lathe.linear %x, [%w] : tensor<?x$1xi8, #lathe.quantized_rows<$2>>, [$3] -> tensor<?x$0xf32>
      lathe.yield %y : tensor<?x$0xf32>
    })",
              {n, k, g, PackedWeights::typeText(c.rows, c.columns, c.encoding),
               std::to_string(exec::SliceType::packedStride(c.columns, {}, c.group)), std::to_string(c.rows * 4)});
}

/// The contract of integer linears, element by element.
float integerProduct(const PackedWeights &w, const QuantizedInput &x, int64_t m, int64_t n) {
  int64_t parts = (w.columns + w.codes.blockColumns - 1) / w.codes.blockColumns;
  float sum = 0;
  for (int64_t g = 0; g < x.groups; ++g) {
    int32_t dot = 0;
    for (int64_t k = g * x.group; k < std::min(w.columns, (g + 1) * x.group); ++k)
      dot += (int32_t(w.codes.codes[n * w.columns + k]) - w.bias) * x.code(m, k);
    int64_t part = n / w.codes.blockRows * parts + g * x.group / w.codes.blockColumns;
    float scale = w.scales.empty() ? 1 : w.scales[part];
    sum = std::fma(float(dot), scale * x.scale(m, g), sum);
    if (!w.offsets.empty()) sum = std::fma(float(x.sum(m, g)), w.offsets[part] * x.scale(m, g), sum);
  }
  return sum;
}

/// Of the products, for sums in another order: each group's is exact, or each part's. Codes are summed up as they are
/// stored, and the first part takes the bias out again.
double magnitude(const PackedWeights &w, const QuantizedInput &x, int64_t m, int64_t n) {
  int64_t parts = (w.columns + w.codes.blockColumns - 1) / w.codes.blockColumns;
  double sum = 0;
  for (int64_t k = 0; k < w.columns; ++k) {
    int64_t part = n / w.codes.blockRows * parts + k / w.codes.blockColumns;
    double scale = w.scales.empty() ? 1 : w.scales[part], offset = w.offsets.empty() ? 0 : w.offsets[part];
    double code = int32_t(w.codes.codes[n * w.columns + k]);
    sum += ((code + w.bias) * std::abs(scale) + std::abs(offset)) * std::abs(x.code(m, k) * x.scale(m, k / x.group));
  }
  return sum;
}

class IntegerLinear : public testing::TestWithParam<IntegerCase> {};

TEST_P(IntegerLinear, IsExact) {
  const IntegerCase &c = GetParam();
  Program program(integerKernel(c), deviceVariants());
  PackedWeights w(c.rows, c.columns, c.encoding, 3);
  QuantizedInput x(100, c.columns, c.group, 4);
  for (int32_t rows : kRowCounts) {
    std::vector<float> onGpu;
    for (size_t variant = 0; variant < program.variants(); ++variant) {
      Buffer<float> y = multiply(program, variant, rows, x.bytes.data(), w);
      if (program.isGpu(variant)) {
        std::vector<float> bits(y.data(), y.data() + y.size());
        if (onGpu.empty()) onGpu = bits;
        ASSERT_EQ(bits, onGpu) << program.variantName(variant).str();
      }
      for (int64_t m = 0; m < rows; ++m)
        for (int64_t n = 0; n < c.rows; ++n)
          ASSERT_NEAR(y[m * c.rows + n], integerProduct(w, x, m, n),
                      program.isGpu(variant) ? 1e-6 * magnitude(w, x, m, n) : 0)
              << program.variantName(variant).str() << " rows " << rows << " at " << m << ", " << n;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(
    All, IntegerLinear,
    testing::Values(
        IntegerCase{"<si8, block 1x0, scale <f32>>", 64, 64, 64},
        IntegerCase{"<si8, block 1x0, scale <f32>>", 172, 172, 64},
        IntegerCase{"<si8, block 1x0, scale <f16>>", 70, 172, 172},
        IntegerCase{"<si8, block 1x32, scale <f16>>", 64, 172, 32},
        IntegerCase{"<si4, block 1x64, scale <f16>>", 200, 256, 64},
        IntegerCase{"<si4, block 1x32, scale <f16>>", 64, 48, 32},
        IntegerCase{"<si4, block 1x128, scale <f16>>", 1, 256, 128},
        IntegerCase{"<si4, block 1x0, scale <f16>>", 65, 172, 64},
        IntegerCase{"<si4, block 1x0, scale <f16>>", 65, 172, 172},
        IntegerCase{"<si4, block 1x16, scale <f16>>", 64, 48, 16},
        IntegerCase{"<ui4, block 1x32, scale <f16>, offset <f16>>", 64, 172, 32},
        IntegerCase{"<ui8, block 1x64, scale <f32>, offset <f32>>", 64, 128, 64},
        IntegerCase{"<si2, block 1x64, scale <f16>>", 64, 128, 64},
        IntegerCase{"<si3, block 1x64, scale <f16>>", 66, 100, 64},
        IntegerCase{"<si5, block 1x32, scale <f16>>", 64, 128, 32},
        IntegerCase{"<si6, block 1x64, scale <f16>>", 64, 128, 64},
        IntegerCase{"<si7, block 1x64, scale <f16>>", 64, 128, 64},
        IntegerCase{"<si4, block 1x128, scale <f16>>", 64, 256, 64},
        IntegerCase{"<si8, block 0x0, scale <f32>>", 70, 64, 64},
        IntegerCase{"<si8, block 32x64, scale <f32>>", 100, 128, 64},
        IntegerCase{
            "<ui4, block 1x32, scale <ui6, block 1x8, scale <f16>>, offset <ui6, block 1x8, scale <f16>>>",
            130, 300, 32},
        IntegerCase{"<si4, block 1x64, scale <f16>>", 64, 4672, 64},
        IntegerCase{"<si8, block 1x64, scale <f16>>", 64, 4160, 64}));

INSTANTIATE_TEST_SUITE_P(
    Bitmaps, IntegerLinear,
    testing::Values(IntegerCase{"<si8, block 1x0, scale <f32>, bitmap>", 172, 172, 64},
                    IntegerCase{"<si8, block 1x0, scale <f32>, bitmap>", 65, 172, 172},
                    IntegerCase{"<si8, block 1x64, scale <f16>, bitmap>", 64, 4672, 64},
                    IntegerCase{"<si8, block 1x128, scale <f16>, bitmap>", 200, 1152, 64},
                    IntegerCase{"<si4, block 1x32, scale <f16>, bitmap>", 64, 100, 32},
                    IntegerCase{"<si4, block 1x12, scale <f16>, bitmap>", 64, 100, 12},
                    IntegerCase{"<ui4, block 1x32, scale <f16>, offset <f16>, bitmap>", 64, 172, 32},
                    IntegerCase{"<si3, block 32x64, scale <f32>, bitmap>", 100, 128, 64}));

} // namespace

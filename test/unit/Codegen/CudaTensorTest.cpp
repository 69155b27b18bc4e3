// Many rows on matrix units, as an emulator of their instructions computes them, against plain loops and the
// tile of devices without such.
#include "CudaKernel.h"
#include "QuantizedInput.h"

#include <cmath>

using namespace lathe;
using namespace lathe::test;

namespace {

const int32_t kRowCounts[] = {9, 33, 64, 65, 100};

struct IntegerCase {
  const char *encoding;
  int64_t outputs, columns, group;
};

std::string integers(const IntegerCase &c, const QuantizedInput &x, const PackedWeights &w) {
  std::string group = number(c.group);
  return linear(w, "tensor<?x" + number(c.columns) + "xi8, #lathe.quantized_rows<" + group + ">>",
                "i8, stride " + number(x.stride) + ", group " + group);
}

/// Warps that multiply each by itself, and all together.
const auto kVariants = testing::Values("sm_80", "sm_90a");

class TensorIntegers : public testing::TestWithParam<std::tuple<const char *, IntegerCase>> {};

TEST_P(TensorIntegers, AreThoseOfOtherDevices) {
  const auto &[variant, c] = GetParam();
  PackedWeights w(c.outputs, c.columns, c.encoding, 3);
  QuantizedInput x(100, c.columns, c.group, 4);
  CudaKernel plain(integers(c, x, w), "sm_75"), tensor(integers(c, x, w), variant);
  // Codes of 8 bits are signed to warps together, so that parts of a group sum up to other integers.
  bool otherParts =
      variant == std::string("sm_90a") && c.group > 128 && std::string(c.encoding).starts_with("<si8");
  float slack = otherParts ? 2e-6f : 0;
  for (int32_t rows : kRowCounts) {
    Batch batch({{0, 0, rows}});
    Buffer<float> expected(size_t(rows * c.outputs)), y(size_t(rows * c.outputs) + 1);
    y[size_t(rows * c.outputs)] = 42;
    plain.run(batch.get(), {x.bytes.data(), w.bytes.data(), expected.data()});
    tensor.run(batch.get(), {x.bytes.data(), w.bytes.data(), y.data()});
    for (int64_t m = 0; m < rows; ++m)
      for (int64_t n = 0; n < c.outputs; ++n) {
        float want = expected[m * c.outputs + n];
        ASSERT_NEAR(y[m * c.outputs + n], want, slack * std::max(1.0f, std::abs(want)))
            << "rows " << rows << " at " << m << ", " << n;
      }
    ASSERT_EQ(y[size_t(rows * c.outputs)], 42) << "wrote behind the result";
    double sum = 0;
    for (int64_t k = 0; k < c.columns; ++k)
      sum += x.code(rows - 1, k) * double(x.scale(rows - 1, k / c.group)) * w.dense[k];
    ASSERT_NEAR(y[(rows - 1) * c.outputs], sum, 1e-4 * std::max(1.0, std::abs(sum)));
  }
}

const char *kNested =
    "<ui4, block 1x32, scale <ui6, block 1x8, scale <f16>>, offset <ui6, block 1x8, scale <f16>>>";

INSTANTIATE_TEST_SUITE_P(
    Cuda, TensorIntegers,
    testing::Combine(kVariants,
                     testing::Values(IntegerCase{"<si8, block 1x0, scale <f32>>", 172, 172, 64},
                                     IntegerCase{"<si8, block 1x0, scale <f16>>", 70, 172, 172},
                                     IntegerCase{"<si8, block 1x32, scale <f16>>", 64, 172, 32},
                                     IntegerCase{"<si4, block 1x64, scale <f16>>", 200, 256, 64},
                                     IntegerCase{"<si4, block 1x32, scale <f16>>", 65, 160, 32},
                                     IntegerCase{"<si4, block 1x128, scale <f16>>", 1, 256, 128},
                                     IntegerCase{"<ui4, block 1x32, scale <f16>, offset <f16>>", 64, 172, 32},
                                     IntegerCase{"<si2, block 1x64, scale <f16>>", 64, 128, 64},
                                     IntegerCase{"<si3, block 1x64, scale <f16>>", 66, 100, 64},
                                     IntegerCase{"<si7, block 1x64, scale <f16>>", 64, 128, 64},
                                     IntegerCase{"<si8, block 32x64, scale <f32>>", 100, 128, 64},
                                     IntegerCase{kNested, 130, 300, 32})));

struct HalvesCase {
  const char *encoding;
  int64_t outputs, columns;
  const char *input = "bf16";
};

/// x of `count` numbers as it is stored, and its numbers in `values`.
Buffer<uint16_t> halves(const std::string &type, Buffer<float> &values) {
  Buffer<uint16_t> stored(values.size());
  for (size_t i = 0; i < values.size(); ++i) {
    stored[i] = type == "bf16" ? toBf16(values[i]) : toF16(values[i]);
    values[i] = type == "bf16" ? fromBf16(stored[i]) : fromF16(stored[i]);
  }
  return stored;
}

/// What a sum of exact products in f32 may be off by, where offsets are summed apart from codes.
double bound(const PackedWeights &w, const float *x, int64_t n) {
  double magnitude = 0;
  for (int64_t k = 0; k < w.columns; ++k) {
    double offset = 0;
    if (!w.offsets.empty()) {
      int64_t parts = (w.columns + w.codes.blockColumns - 1) / w.codes.blockColumns;
      offset = w.offsets[size_t(n / w.codes.blockRows * parts + k / w.codes.blockColumns)];
    }
    magnitude += std::abs(x[k]) * (std::abs(w.dense[n * w.columns + k] - offset) + std::abs(offset));
  }
  return 1e-5 * magnitude + 1e-7;
}

double product(const PackedWeights &w, const float *x, int64_t n) {
  double sum = 0;
  for (int64_t k = 0; k < w.columns; ++k) sum += double(x[k]) * w.dense[n * w.columns + k];
  return sum;
}

class TensorHalves : public testing::TestWithParam<std::tuple<const char *, HalvesCase>> {};

TEST_P(TensorHalves, AgreeWithPlainLoops) {
  const auto &[variant, c] = GetParam();
  PackedWeights w(c.outputs, c.columns, c.encoding, 1);
  CudaKernel kernel(linear(w, "tensor<?x" + number(c.columns) + "x" + c.input + ">",
                           std::string(c.input) + ", stride " + number(c.columns * 2)),
                    variant);
  for (int32_t rows : kRowCounts) {
    Batch batch({{0, 0, rows}});
    Buffer<float> x = randomFloats(size_t(rows * c.columns), 2), y(size_t(rows * c.outputs) + 1);
    Buffer<uint16_t> stored = halves(c.input, x);
    y[size_t(rows * c.outputs)] = 42;
    kernel.run(batch.get(), {stored.data(), w.bytes.data(), y.data()});
    for (int64_t m = 0; m < rows; ++m)
      for (int64_t n = 0; n < c.outputs; ++n) {
        const float *row = x.data() + m * c.columns;
        ASSERT_NEAR(y[m * c.outputs + n], product(w, row, n), bound(w, row, n))
            << "rows " << rows << " at " << m << ", " << n;
      }
    ASSERT_EQ(y[size_t(rows * c.outputs)], 42) << "wrote behind the result";
  }
}

INSTANTIATE_TEST_SUITE_P(
    Cuda, TensorHalves,
    testing::Combine(
        kVariants, testing::Values(HalvesCase{"bf16", 130, 256}, HalvesCase{"bf16", 64, 172},
                                   HalvesCase{"bf16", 65, 38}, HalvesCase{"f16", 64, 172, "f16"},
                                   HalvesCase{"<f16, block 1x32, scale <f32>>", 66, 70, "f16"},
                                   HalvesCase{"<si8, block 1x0, scale <f32>>", 100, 172},
                                   HalvesCase{"<si8, block 1x32, scale <f16>>", 64, 172, "f16"},
                                   HalvesCase{"<si4, block 1x64, scale <f16>>", 70, 256},
                                   HalvesCase{"<si4, block 1x48, scale <f16>>", 64, 240},
                                   HalvesCase{"<ui4, block 1x32, scale <f16>, offset <f16>>", 65, 172},
                                   HalvesCase{"<ui4, block 1x32, scale <f16>, offset <f16>>", 65, 48, "f16"},
                                   HalvesCase{"<si3, block 1x32, scale <f16>>", 64, 172},
                                   HalvesCase{"<si2, block 1x16, scale <f32>>", 33, 84},
                                   HalvesCase{"<si5, block 1x16, scale <f32>>", 64, 100},
                                   HalvesCase{"<f4E2M1FN, block 1x32, scale <f8E8M0FNU>>", 64, 172},
                                   HalvesCase{"f8E4M3FN", 64, 64},
                                   HalvesCase{"<f8E5M2, block 1x0, scale <f32>>", 64, 50, "f16"},
                                   HalvesCase{"<si8, block 32x32, scale <f32>>", 90, 100},
                                   HalvesCase{kNested, 130, 300})));

/// Outputs wider than rows are taken, and gated as in SwiGLU: two weights, whose results meet.
TEST(TensorKernels, TwoWeightsAreGated) {
  constexpr int64_t outputs = 172, columns = 96;
  for (auto [variant, encoding] : {std::pair("sm_80", "bf16"),
                                   {"sm_80", "<si4, block 1x32, scale <f16>, offset <f16>>"},
                                   {"sm_90a", "bf16"},
                                   {"sm_90a", "<si4, block 1x32, scale <f16>, offset <f16>>"}}) {
    PackedWeights gate(outputs, columns, encoding, 5), up(outputs, columns, encoding, 6);
    std::string x = "tensor<?x96xbf16>", y = "tensor<?x172xf32>", w = gate.type();
    CudaKernel kernel(
        "exec.kernel @k over rows slices [!exec.slice<rows by 96 of bf16, stride 192>, unit, unit, "
        "!exec.slice<rows by 172 of f32, stride 688>] states {} {\n^bb0(%x: " +
            x + ", %a: " + w + ", %b: " + w + "):\n %p, %u = lathe.linear %x, [%a, %b] : " + x + ", [" + w +
            ", " + w + "] -> " + y + ", " + y + "\n %s = lathe.activation silu %p : " + y +
            "\n %m = lathe.mul %s, %u : " + y + "\n lathe.yield %m : " + y + "\n}",
        variant);
    for (int32_t rows : {9, 70}) {
      Batch batch({{0, 0, rows}});
      Buffer<float> in = randomFloats(size_t(rows * columns), 7), out(size_t(rows * outputs));
      Buffer<uint16_t> stored = halves("bf16", in);
      kernel.run(batch.get(), {stored.data(), gate.bytes.data(), up.bytes.data(), out.data()});
      for (int64_t m = 0; m < rows; ++m)
        for (int64_t n = 0; n < outputs; ++n) {
          const float *row = in.data() + m * columns;
          double p = product(gate, row, n), u = product(up, row, n);
          double slack = bound(gate, row, n) * (1 + std::abs(u)) + bound(up, row, n) * (1 + std::abs(p));
          ASSERT_NEAR(out[m * outputs + n], p / (1 + std::exp(-p)) * u, slack)
              << encoding << " " << rows << ": " << m << ", " << n;
        }
    }
  }
}

/// Three weights take half as many rows at a time.
TEST(TensorKernels, ThreeWeightsOfSelectedRows) {
  constexpr int64_t outputs = 72, columns = 100;
  const char *encoding = "<si4, block 1x32, scale <f16>>";
  PackedWeights a(outputs, columns, encoding, 5), b(outputs, columns, encoding, 6),
      c(outputs, columns, encoding, 7);
  std::string x = "tensor<?x100xbf16>", y = "tensor<?x72xf32>", w = a.type(),
              out = "!exec.slice<outputs by 72 of f32, stride 288>";
  CudaKernel kernel(
      "exec.kernel @k over outputs slices [!exec.slice<rows by 100 of bf16, stride 200>, unit, unit, "
      "unit, unit, " +
      out + ", " + out + ", " + out + "] states {} {\n^bb0(%x: " + x + ", %a: " + w + ", %b: " + w +
      ", %c: " + w + ", %batch: !lathe.batch):\n %o = lathe.select_outputs %x, %batch : " + x +
      "\n %p, %q, %r = lathe.linear %o, [%a, %b, %c] : " + x + ", [" + w + ", " + w + ", " + w + "] -> " + y +
      ", " + y + ", " + y + "\n lathe.yield %p, %q, %r : " + y + ", " + y + ", " + y + "\n}");
  std::vector<Batch::Run> runs;
  for (int32_t slot = 0; slot < 13; ++slot) runs.push_back({slot, 0, 3});
  Batch batch(runs, 13);
  Buffer<float> in = randomFloats(39 * columns, 8);
  Buffer<uint16_t> stored = halves("bf16", in);
  Buffer<float> results[] = {Buffer<float>(13 * outputs), Buffer<float>(13 * outputs),
                             Buffer<float>(13 * outputs)};
  kernel.run(batch.get(), {stored.data(), a.bytes.data(), b.bytes.data(), c.bytes.data(), results[0].data(),
                           results[1].data(), results[2].data()});
  const PackedWeights *weights[] = {&a, &b, &c};
  for (int64_t m = 0; m < 13; ++m)
    for (int64_t n = 0; n < outputs; ++n)
      for (int64_t weight = 0; weight < 3; ++weight) {
        const float *row = in.data() + batch.outputRows[size_t(m)] * columns;
        ASSERT_NEAR(results[weight][m * outputs + n], product(*weights[weight], row, n),
                    bound(*weights[weight], row, n))
            << weight << " at " << m << ", " << n;
      }
}

} // namespace

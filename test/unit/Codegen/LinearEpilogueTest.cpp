// What stands behind a linear in its kernel: element-wise ops, other rows, quantization; and what stands
// before it.
#include "PackedWeights.h"
#include "QuantizedInput.h"

#include "gtest/gtest.h"

#include <cmath>

using namespace lathe;
using namespace lathe::test;

namespace {

std::string rowsType(int64_t columns) { return "tensor<?x" + std::to_string(columns) + "xf32>"; }
std::string slice(int64_t columns, const char *domain = "rows") {
  return std::string("!exec.slice<") + domain + " by " + std::to_string(columns) + " of f32, stride " +
         std::to_string(columns * 4) + ">";
}

double product(const PackedWeights &w, const float *x, int64_t n) {
  double sum = 0;
  for (int64_t k = 0; k < w.columns; ++k) sum += double(x[k]) * w.dense[size_t(n * w.columns + k)];
  return sum;
}

TEST(LinearEpilogue, BiasActivationAndResidual) {
  for (int64_t outputs : {64, 100, 9}) {
    std::string t = rowsType(outputs), x = rowsType(48), w = PackedWeights::typeText(outputs, 48, "f32"),
                b = "!lathe.weight<" + std::to_string(outputs) + "xf32>";
    Program program("exec.kernel @k over rows slices [" + slice(48) + ", unit, unit, " + slice(outputs) +
                    ", " + slice(outputs) + "] states {} {\n ^bb0(%x: " + x + ", %w: " + w + ", %b: " + b +
                    ", %r: " + t + "):\n %y = lathe.linear %x, [%w] : " + x + ", [" + w + "] -> " + t +
                    "\n %c = lathe.bias %y, %b : " + t + ", " + b + "\n %a = lathe.activation relu %c : " +
                    t + "\n %s = lathe.add %r, %a : " + t + "\n lathe.yield %s : " + t + "\n}",
                    deviceVariants());
    PackedWeights weight(outputs, 48, "f32", 1);
    auto bias = randomFloats(size_t(outputs), 2);
    for (size_t variant = 0; variant < program.variants(); ++variant)
      for (int32_t rows : {1, 5, 20}) {
        Batch batch({{0, 0, rows}});
        auto in = randomFloats(size_t(rows * 48), 3), residual = randomFloats(size_t(rows * outputs), 4);
        auto inPlace = randomFloats(size_t(rows * outputs), 4);
        program.run(variant, "k", batch.get(),
                    {in.data(), weight.bytes.data(), bias.data(), inPlace.data(), inPlace.data()});
        for (int64_t m = 0; m < rows; ++m)
          for (int64_t n = 0; n < outputs; ++n) {
            double expected = std::max(0.0, product(weight, in.data() + m * 48, n) + bias[size_t(n)]) +
                              residual[size_t(m * outputs + n)];
            ASSERT_NEAR(inPlace[size_t(m * outputs + n)], expected, 1e-5)
                << outputs << " at " << m << ", " << n;
          }
      }
  }
}

TEST(LinearEpilogue, GatedRowsAreQuantized) {
  for (int64_t outputs : {128, 172, 40})
    for (int64_t group : {64, 32, 16}) {
      std::string t = rowsType(outputs), x = rowsType(64), w = PackedWeights::typeText(outputs, 64, "f32");
      std::string n = std::to_string(outputs), g = std::to_string(group);
      std::string q = "tensor<?x" + n + "xi8, #lathe.quantized_rows<" + g + ">>";
      QuantizedInput layout(1, outputs, group);
      std::string out = "!exec.slice<rows by " + n + " of i8, stride " + std::to_string(layout.stride) +
                        ", group " + g + ">";
      Program program("exec.kernel @k over rows slices [" + slice(64) + ", unit, unit, " + out +
                      "] states {} {\n ^bb0(%x: " + x + ", %a: " + w + ", %b: " + w +
                      "):\n %p, %u = lathe.linear %x, [%a, %b] : " + x + ", [" + w + ", " + w + "] -> " + t +
                      ", " + t + "\n %s = lathe.activation silu %p : " + t +
                      "\n %m = lathe.mul %s, %u : " + t + "\n %q = lathe.quantize_rows %m : " + t + " -> " +
                      q + "\n lathe.yield %q : " + q + "\n}",
                      deviceVariants());
      PackedWeights gate(outputs, 64, "f32", 5), up(outputs, 64, "f32", 6);
      for (size_t variant = 0; variant < program.variants(); ++variant)
        for (int32_t rows : {1, 3, 100}) {
          Batch batch({{0, 0, rows}});
          auto in = randomFloats(size_t(rows * 64), 7);
          QuantizedInput result(rows, outputs, group);
          for (size_t i = 0; i < result.bytes.size(); ++i) result.bytes[i] = 0x55;
          program.run(variant, "k", batch.get(),
                      {in.data(), gate.bytes.data(), up.bytes.data(), result.bytes.data()});
          for (int64_t m = 0; m < rows; ++m) {
            for (int64_t k = 0; k < result.groups; ++k) {
              int32_t sum = 0;
              double largest = 0;
              for (int64_t i = k * group; i < std::min(outputs, (k + 1) * group); ++i) {
                double p = product(gate, in.data() + m * 64, i),
                       value = p / (1 + std::exp(-p)) * product(up, in.data() + m * 64, i);
                largest = std::max(largest, std::abs(value));
                sum += result.code(m, i);
                // Half a step, and what the order of sums may move.
                ASSERT_NEAR(result.code(m, i) * result.scale(m, k), value, 0.501 * result.scale(m, k) + 1e-5);
              }
              ASSERT_NEAR(result.scale(m, k), largest / 127, 1e-6);
              ASSERT_EQ(result.sum(m, k), sum);
            }
            for (int64_t i = outputs; i < result.scalesAt; ++i) ASSERT_EQ(result.code(m, i), 0) << "padding";
          }
        }
    }
}

TEST(LinearEpilogue, TakesTheRowsThatWantLogits) {
  std::string x = rowsType(32), y = rowsType(70), w = PackedWeights::typeText(70, 32, "bf16");
  Program program("exec.kernel @k over outputs slices [" + slice(32) + ", unit, unit, " +
                  slice(70, "outputs") + "] states {} {\n ^bb0(%x: " + x + ", %w: " + w +
                  ", %batch: !lathe.batch):\n %s = lathe.select_outputs %x, %batch : " + x +
                  "\n %y = lathe.linear %s, [%w] : " + x + ", [" + w + "] -> " + y +
                  "\n lathe.yield %y : " + y + "\n}",
                  deviceVariants());
  PackedWeights weight(70, 32, "bf16", 8);
  Batch batch({{0, 0, 4}, {1, 3, 1}, {2, 0, 9}});
  auto in = randomFloats(14 * 32, 9);
  for (size_t variant = 0; variant < program.variants(); ++variant) {
    Buffer<float> out(3 * 70);
    program.run(variant, "k", batch.get(), {in.data(), weight.bytes.data(), out.data()});
    for (int64_t m = 0; m < 3; ++m)
      for (int64_t n = 0; n < 70; ++n)
        ASSERT_NEAR(out[size_t(m * 70 + n)], product(weight, in.data() + batch.outputRows[size_t(m)] * 32, n),
                    1e-5);
  }
}

} // namespace

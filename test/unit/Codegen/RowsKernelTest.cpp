// Rows kernels against plain loops, at row counts and widths that leave rests.
#include "KernelHarness.h"

#include "gtest/gtest.h"

#include <cmath>

using namespace lathe;
using namespace lathe::test;

namespace {

std::string slice(int64_t columns, const char *type = "f32", int64_t bytes = 4) {
  return "!exec.slice<rows by " + std::to_string(columns) + " of " + type + ", stride " + std::to_string(columns * bytes) + ">";
}
std::string rowsType(int64_t columns, const char *type = "f32") {
  return "tensor<?x" + std::to_string(columns) + "x" + type + ">";
}
std::string vectorType(int64_t columns) { return "!lathe.weight<" + std::to_string(columns) + "xf32>"; }

TEST(RowsKernel, AddThenRMSNorm) {
  for (int64_t columns : {16, 48, 53, 64, 172, 576, 1}) {
    std::string t = rowsType(columns), w = vectorType(columns), s = slice(columns);
    Program program("exec.kernel @norm over rows slices [" + s + ", " + s + ", unit, " + s + ", " + s + R"(] states {} {
      ^bb0(%x: )" + t + ", %y: " + t + ", %w: " + w + "):\n %h = lathe.add %x, %y : " + t +
                    "\n %n = lathe.rms_norm %h, %w epsilon 1.0e-5 : " + t + ", " + w + "\n lathe.yield %h, %n : " + t + ", " +
                    t + "\n}");
    for (size_t variant = 0; variant < program.variants(); ++variant) {
      for (int32_t rows : {1, 3, 17}) {
        Batch batch({{0, 0, rows}});
        auto x = randomFloats(rows * columns, 1), y = randomFloats(rows * columns, 2), w = randomFloats(columns, 3);
        Buffer<float> norm(rows * columns), expected(columns);
        auto inPlace = randomFloats(rows * columns, 1);
        program.run(variant, "norm", batch.get(), {inPlace.data(), y.data(), w.data(), inPlace.data(), norm.data()});
        for (int32_t row = 0; row < rows; ++row) {
          double sum = 0;
          for (int64_t c = 0; c < columns; ++c) {
            float h = x[row * columns + c] + y[row * columns + c];
            ASSERT_EQ(inPlace[row * columns + c], h);
            sum += double(h) * h;
          }
          double factor = 1 / std::sqrt(sum / double(columns) + 1e-5);
          for (int64_t c = 0; c < columns; ++c)
            ASSERT_NEAR(norm[row * columns + c], inPlace[row * columns + c] * factor * w[c], 2e-6)
                << columns << " columns, row " << row << ", column " << c;
        }
      }
    }
  }
}

} // namespace

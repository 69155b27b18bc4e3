// The functions that kernels compute by arithmetic, against doubles.
#include "KernelHarness.h"

#include "gtest/gtest.h"

#include <cmath>

using namespace lathe;
using namespace lathe::test;

namespace {

std::string activation(const std::string &kind) {
  return "exec.kernel @" + kind + R"( over rows slices [!exec.slice<rows by 4096 of f32, stride 16384>,
    !exec.slice<rows by 4096 of f32, stride 16384>] states {} {
  ^bb0(%x: tensor<?x4096xf32>):
    %y = lathe.activation )" +
         kind + R"( %x : tensor<?x4096xf32>
    lathe.yield %y : tensor<?x4096xf32>
  }
)";
}

double silu(double x) { return x / (1 + std::exp(-x)); }
double sigmoid(double x) { return 1 / (1 + std::exp(-x)); }
double gelu(double x) { return 0.5 * x * (1 + std::erf(x / std::sqrt(2.0))); }
double geluTanh(double x) {
  return 0.5 * x * (1 + std::tanh(std::sqrt(2 / M_PI) * (x + 0.044715 * x * x * x)));
}
double relu(double x) { return x > 0 ? x : 0; }

TEST(MathExpansion, ActivationsAgreeWithDoubles) {
  struct Function {
    const char *name;
    double (*exact)(double);
    double relative, absolute; // of the result; of x where terms cancel
  };
  const Function functions[] = {{"silu", silu, 4e-7, 1e-35},         {"sigmoid", sigmoid, 3e-7, 1e-37},
                                {"tanh", std::tanh, 2.5e-7, 0},      {"gelu", gelu, 3e-7, 1.5e-7},
                                {"gelu_tanh", geluTanh, 5e-7, 4e-7}, {"relu", relu, 0, 0}};
  std::string text;
  for (const Function &function : functions) text += activation(function.name);
  Program program(text, deviceVariants());
  Batch batch({{0, 0, 5}});
  for (size_t variant = 0; variant < program.variants(); ++variant)
    for (const Function &function : functions) {
      Buffer<float> x(5 * 4096), y(5 * 4096);
      for (int i = 0; i < 4096; ++i) {
        x[i] = float(i - 2048) / 512;
        x[4096 + i] = float(i - 2048) / 16;
        x[2 * 4096 + i] = float(i - 2048) / 1e6f;
        x[3 * 4096 + i] = float(i - 2048) / 100;
        x[4 * 4096 + i] = float(i - 2048) * 1e30f;
      }
      program.run(variant, function.name, batch.get(), {x.data(), y.data()});
      for (size_t i = 0; i < x.size(); ++i) {
        double exact = function.exact(x[i]);
        ASSERT_NEAR(y[i], exact,
                    function.relative * std::abs(exact) +
                        function.absolute * std::min(1.0, std::abs(double(x[i]))))
            << program.variantName(variant).str() << ": " << function.name << "(" << x[i] << ")";
      }
    }
}

TEST(MathExpansion, NaNsStay) {
  Program program(activation("silu"), deviceVariants());
  Batch batch({{0, 0, 1}});
  for (size_t variant = 0; variant < program.variants(); ++variant) {
    Buffer<float> x(4096), y(4096);
    x[5] = NAN;
    program.run(variant, "silu", batch.get(), {x.data(), y.data()});
    EXPECT_TRUE(std::isnan(y[5]));
    EXPECT_EQ(y[4], 0);
  }
}

} // namespace

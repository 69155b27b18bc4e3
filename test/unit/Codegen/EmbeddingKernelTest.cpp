// Row gathers from packed tables, in any encoding.
#include "PackedWeights.h"

#include "gtest/gtest.h"

using namespace lathe;
using namespace lathe::test;

namespace {

struct EmbeddingCase {
  const char *encoding;
  int64_t columns;
};

class EmbeddingKernel : public testing::TestWithParam<EmbeddingCase> {};

TEST_P(EmbeddingKernel, GivesTheRowsOfTheTable) {
  auto [encoding, columns] = GetParam();
  std::string k = std::to_string(columns), w = PackedWeights::typeText(97, columns, encoding),
              t = "tensor<?x" + k + "xf32>";
  std::string slice = "!exec.slice<rows by " + k + " of f32, stride " + std::to_string(columns * 4) + ">";
  Program program(
      "exec.kernel @k over rows slices [unit, unit, " + slice +
      "] states {} {\n ^bb0(%batch: !lathe.batch, %w: " + w +
      "):\n %i = lathe.tokens %batch : tensor<?xi32>\n %y = lathe.embedding %i, %w : tensor<?xi32>, " + w +
      " -> " + t + "\n lathe.yield %y : " + t + "\n}");
  PackedWeights table(97, columns, encoding, 1);
  Batch batch({{0, 0, 20}, {1, 0, 1}});
  for (size_t variant = 0; variant < program.variants(); ++variant) {
    Buffer<float> y(size_t(21 * columns));
    program.run(variant, "k", batch.get(), {table.bytes.data(), y.data()});
    for (int64_t m = 0; m < 21; ++m)
      for (int64_t c = 0; c < columns; ++c)
        ASSERT_EQ(y[size_t(m * columns + c)], table.dense[size_t(batch.tokens[size_t(m)] * columns + c)])
            << program.variantName(variant).str() << " at " << m << ", " << c;
  }
}

INSTANTIATE_TEST_SUITE_P(
    All, EmbeddingKernel,
    testing::Values(
        EmbeddingCase{"f32", 64}, EmbeddingCase{"bf16", 50}, EmbeddingCase{"f16", 33},
        EmbeddingCase{"<si8, block 1x0, scale <f32>>", 64},
        EmbeddingCase{"<si8, block 1x32, scale <f16>>", 172},
        EmbeddingCase{"<si4, block 1x64, scale <f16>>", 100},
        EmbeddingCase{"<ui4, block 1x32, scale <f16>, offset <f16>>", 64},
        EmbeddingCase{"<si5, block 1x24, scale <f16>>", 100},
        EmbeddingCase{"<si3, block 1x8, scale <f32>>", 47},
        EmbeddingCase{"<f4E2M1FN, block 1x32, scale <f8E8M0FNU>>", 96}, EmbeddingCase{"f8E4M3FN", 40},
        EmbeddingCase{"<ui2, table [-1.0, -0.25, 0.25, 1.0], block 1x64, scale <f16>>", 70},
        EmbeddingCase{"<si8, block 16x16, scale <f32>>", 100},
        EmbeddingCase{
            "<ui4, block 1x32, scale <ui6, block 1x8, scale <f16>>, offset <ui6, block 1x8, scale <f16>>>",
            300}));

} // namespace

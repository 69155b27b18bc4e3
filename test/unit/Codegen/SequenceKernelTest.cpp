// Rotation tables, pooling and the decaying scan against plain loops.
#include "KernelHarness.h"

#include "gtest/gtest.h"

#include <cmath>

using namespace lathe;
using namespace lathe::test;

namespace {

std::string slice(const char *domain, int64_t columns) {
  return std::string("!exec.slice<") + domain + " by " + std::to_string(columns) + " of f32, stride " +
         std::to_string(columns * 4) + ">";
}
std::string rowsType(int64_t columns) { return "tensor<?x" + std::to_string(columns) + "xf32>"; }

TEST(RopeTable, AgreesWithDoublesAtLongPositions) {
  std::vector<float> frequencies;
  std::string list;
  for (int j = 0; j < 27; ++j) {
    frequencies.push_back(float(std::pow(10000.0, -j / 27.0)));
    char text[32];
    std::snprintf(text, sizeof text, "%s%.9e", j ? ", " : "", frequencies.back());
    list += text;
  }
  Program program("exec.kernel @table over rows slices [unit, " + slice("rows", 54) + R"(] states {} {
    ^bb0(%b: !lathe.batch):
      %p = lathe.positions %b : tensor<?xi32>
      %t = lathe.rope_table %p {frequencies = array<f32: )" +
                  list + R"(>} : tensor<?xi32> -> tensor<?x54xf32>
      lathe.yield %t : tensor<?x54xf32>
    })",
                  deviceVariants());
  Batch batch({{0, 0, 300}});
  for (int i = 150; i < 300; ++i) batch.positions[i] = (1 << (i < 225 ? 17 : 20)) - (300 - i) * 317;
  std::vector<float> first;
  for (size_t variant = 0; variant < program.variants(); ++variant) {
    SCOPED_TRACE(program.variantName(variant).str());
    Buffer<float> table(300 * 54);
    program.run(variant, "table", batch.get(), {table.data()});
    std::vector<float> bits(table.data(), table.data() + table.size());
    if (first.empty()) first = bits;
    EXPECT_EQ(bits, first);
    for (int row = 0; row < 300; ++row)
      for (int j = 0; j < 27; ++j) {
        float angle = float(batch.positions[row]) * frequencies[j];
        ASSERT_NEAR(table[row * 54 + j], std::cos(double(angle)), 1.5e-7) << angle;
        ASSERT_NEAR(table[row * 54 + 27 + j], std::sin(double(angle)), 1.5e-7) << angle;
      }
  }
}

TEST(Pool, AgreesWithPlainLoops) {
  for (std::string kind : {"mean", "first", "last", "max"})
    for (int64_t columns : {53, 64}) {
      std::string t = rowsType(columns), s = slice("rows", columns), r = slice("sequences", columns);
      Program program("exec.kernel @pool over sequences slices [" + s + ", unit, " + r +
                      "] states {} {\n^bb0(%x: " + t + ", %b: !lathe.batch):\n %p = lathe.pool " + kind +
                      " %x, %b : " + t + "\n %n = lathe.l2_normalize %p epsilon 1.0e-12 : " + t +
                      "\n lathe.yield %n : " + t + "\n}");
      Batch batch({{0, 0, 1}, {1, 0, 70}, {2, 0, 5}});
      auto x = randomFloats(76 * columns, 3);
      for (size_t variant = 0; variant < program.variants(); ++variant) {
        Buffer<float> result(3 * columns);
        program.run(variant, "pool", batch.get(), {x.data(), result.data()});
        for (int sequence = 0; sequence < 3; ++sequence) {
          int first = batch.sequenceFirst[sequence], last = batch.sequenceFirst[sequence + 1];
          std::vector<double> pooled(columns);
          double norm = 0;
          for (int64_t c = 0; c < columns; ++c) {
            double sum = 0, most = -10;
            for (int row = first; row < last; ++row)
              sum += x[row * columns + c], most = std::max<double>(most, x[row * columns + c]);
            pooled[c] = kind == "mean"    ? sum / (last - first)
                        : kind == "first" ? x[first * columns + c]
                        : kind == "last"  ? x[(last - 1) * columns + c]
                                          : most;
            norm += pooled[c] * pooled[c];
          }
          for (int64_t c = 0; c < columns; ++c)
            ASSERT_NEAR(result[sequence * columns + c], pooled[c] / std::sqrt(norm), 1e-6)
                << kind << " " << columns;
        }
      }
    }
}

TEST(DecayScan, CarriesItsStateFromCallToCall) {
  for (int64_t columns : {53, 128}) {
    std::string t = rowsType(columns), s = slice("rows", columns);
    Program program("exec.kernel @scan over rows slices [" + s + ", " + s + ", unit, unit, " + s +
                    "] states {s = 3 : i64} {\n^bb0(%x: " + t + ", %g: " + t +
                    ", %b: !lathe.batch, %s: !lathe.state<fixed " + std::to_string(columns) +
                    "xf32>):\n %y = lathe.decay_scan %x, %g, %b in @s : " + t + "\n lathe.yield %y : " + t +
                    "\n}");
    Batch batch({{2, 0, 70}, {0, 0, 1}});
    batch.get().fixedBytes = columns * 4 + 64;
    auto x = randomFloats(71 * columns, 3), gate = randomFloats(71 * columns, 4, 4);
    for (size_t variant = 0; variant < program.variants(); ++variant) {
      Buffer<std::byte> states(4 * batch.get().fixedBytes);
      std::vector<double> expected(4 * columns);
      for (int call = 0; call < 2; ++call) {
        Buffer<float> result(71 * columns);
        program.run(variant, "scan", batch.get(), {x.data(), gate.data(), states.data(), result.data()});
        for (int row = 0; row < 71; ++row)
          for (int64_t c = 0; c < columns; ++c) {
            double &state = expected[batch.slots[row] * columns + c];
            state = state / (1 + std::exp(-double(gate[row * columns + c]))) + x[row * columns + c];
            ASSERT_NEAR(result[row * columns + c], state, 1e-5 * (1 + std::abs(state)));
          }
      }
    }
  }
}

} // namespace

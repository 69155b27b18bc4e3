// Kernels with what is CUDA's own in them (shuffles, byte products, barriers), against plain loops.
#include "CachedAttention.h"
#include "CudaKernel.h"
#include "QuantizedInput.h"

#include "gtest/gtest.h"

#include <cmath>

using namespace lathe;
using namespace lathe::test;

namespace {

TEST(CudaKernels, Norm) {
  // 172 = 43 threads of four columns: part of a warp has none.
  CudaKernel kernel(R"(
    exec.kernel @k over rows slices [!exec.slice<rows by 172 of f32, stride 688>, unit,
        !exec.slice<rows by 172 of f32, stride 688>] states {} {
    ^bb0(%x: tensor<?x172xf32>, %w: !lathe.weight<172xf32>):
      %n = lathe.rms_norm %x, %w epsilon 1.0e-5 : tensor<?x172xf32>, !lathe.weight<172xf32>
      lathe.yield %n : tensor<?x172xf32>
    })");
  Batch batch({{0, 0, 3}});
  Buffer<float> x = randomFloats(3 * 172, 1), w = randomFloats(172, 2), y(3 * 172);
  kernel.run(batch.get(), {x.data(), w.data(), y.data()});
  for (size_t row = 0; row < 3; ++row) {
    double squares = 0;
    for (size_t i = 0; i < 172; ++i) squares += double(x[row * 172 + i]) * x[row * 172 + i];
    for (size_t i = 0; i < 172; ++i)
      ASSERT_NEAR(y[row * 172 + i], x[row * 172 + i] / std::sqrt(squares / 172 + 1e-5) * w[i], 1e-5)
          << row << " " << i;
  }
}

TEST(CudaKernels, ProductsOfFloats) {
  for (const char *encoding : {"bf16", "<si4, block 1x32, scale <f16>>"}) {
    PackedWeights w(130, 172, encoding, 1);
    CudaKernel kernel(linear(w, "tensor<?x172xf32>", "f32, stride 688"));
    for (int32_t rows : {1, 3, 33}) {
      Batch batch({{0, 0, rows}});
      Buffer<float> x = randomFloats(size_t(rows * w.columns), 2), y(size_t(rows * w.rows));
      kernel.run(batch.get(), {x.data(), w.bytes.data(), y.data()});
      for (int64_t m = 0; m < rows; ++m)
        for (int64_t n = 0; n < w.rows; ++n) {
          double sum = 0, magnitude = 0;
          for (int64_t k = 0; k < w.columns; ++k) {
            double product = double(x[m * w.columns + k]) * w.dense[n * w.columns + k];
            sum += product;
            magnitude += std::abs(product);
          }
          ASSERT_NEAR(y[m * w.rows + n], sum, 1e-5 * magnitude + 1e-7)
              << encoding << " " << rows << ": " << m << ", " << n;
        }
    }
  }
}

TEST(CudaKernels, ProductsOfBytes) {
  for (const char *encoding :
       {"<si8, block 1x32, scale <f16>>", "<ui4, block 1x32, scale <f16>, offset <f16>>"}) {
    PackedWeights w(130, 256, encoding, 3);
    QuantizedInput x(33, 256, 32, 4);
    CudaKernel kernel(linear(w, "tensor<?x256xi8, #lathe.quantized_rows<32>>",
                             "i8, stride " + number(x.stride) + ", group 32"));
    for (int32_t rows : {1, 3, 33}) {
      Batch batch({{0, 0, rows}});
      Buffer<float> y(size_t(rows * w.rows));
      kernel.run(batch.get(), {x.bytes.data(), w.bytes.data(), y.data()});
      for (int64_t m = 0; m < rows; ++m)
        for (int64_t n = 0; n < w.rows; ++n) {
          double sum = 0, magnitude = 0;
          for (int64_t k = 0; k < w.columns; ++k) {
            double product = x.code(m, k) * double(x.scale(m, k / 32)) * w.dense[n * w.columns + k];
            sum += product;
            magnitude += std::abs(product);
          }
          ASSERT_NEAR(y[m * w.rows + n], sum, 1e-5 * magnitude)
              << encoding << " " << rows << ": " << m << ", " << n;
        }
    }
  }
}

TEST(CudaKernels, AttentionOfABatch) {
  constexpr int64_t heads = 6, dim = 32, columns = heads * dim, keyColumns = 2 * dim;
  std::string q = "tensor<?x192xf32>", k = "tensor<?x64xf32>",
              wide = "!exec.slice<rows by 192 of f32, stride 768>",
              narrow = "!exec.slice<rows by 64 of f32, stride 256>";
  CudaKernel kernel("exec.kernel @k over rows slices [" + wide + ", " + narrow + ", " + narrow + ", unit, " +
                    wide + "] states {} {\n^bb0(%q: " + q + ", %k: " + k + ", %v: " + k +
                    ", %b: !lathe.batch):\n %a = lathe.attention %q keys %k values %v, %b heads 6 over 2 "
                    "scale 0.3 causal : " +
                    q + ", " + k + ", " + k + " -> " + q + "\n lathe.yield %a : " + q + "\n}");
  for (int32_t rows : {1, 17, 70}) {
    Batch batch({{0, 0, rows}});
    Buffer<float> queries = randomFloats(size_t(rows * columns), 1),
                  keys = randomFloats(size_t(rows * keyColumns), 2),
                  values = randomFloats(size_t(rows * keyColumns), 3), y(size_t(rows * columns));
    kernel.run(batch.get(), {queries.data(), keys.data(), values.data(), y.data()});
    for (int64_t row = 0; row < rows; ++row)
      for (int64_t head = 0; head < heads; ++head) {
        std::vector<double> weights(size_t(row) + 1), sums(dim);
        double total = 0;
        for (int64_t key = 0; key <= row; ++key) {
          double score = 0;
          for (int64_t d = 0; d < dim; ++d)
            score +=
                0.3 * queries[row * columns + head * dim + d] * keys[key * keyColumns + head / 3 * dim + d];
          total += weights[key] = std::exp(score);
        }
        for (int64_t key = 0; key <= row; ++key)
          for (int64_t d = 0; d < dim; ++d)
            sums[d] += weights[key] / total * values[key * keyColumns + head / 3 * dim + d];
        for (int64_t d = 0; d < dim; ++d)
          ASSERT_NEAR(y[row * columns + head * dim + d], sums[d], 1e-5)
              << rows << ": " << row << ", " << head;
      }
  }
}

/// bf16 keys and values of two heads in blocks of 64 positions.
TEST(CudaKernels, AttentionOverThePagedCache) {
  using Runs = std::vector<Batch::Run>;
  auto check = [](AttentionShape shape, const std::vector<Runs> &batches) {
    CudaKernel kernel(cachedAttention(shape, "bf16"));
    for (const Runs &runs : batches)
      checkCachedAttention(shape, "bf16", runs, [&](const KernelBatch &batch, std::vector<void *> bindings) {
        kernel.run(batch, std::move(bindings));
      });
  };
  check({6, 2, 32}, {{{1, 0, 1}}, {{0, 63, 1}, {2, 200, 1}, {1, 64, 1}}, {{0, 61, 5}, {1, 0, 70}}});
  // Eight parts of the keys of each of 32 KV heads, which three queries share; more rows have three tiles,
  // thus three parts.
  check({96, 32, 12, true}, {{{0, 1100, 1}}, {{0, 240, 1}, {1, 0, 1}, {2, 127, 3}}});
}

TEST(CudaKernels, QuantizedRows) {
  QuantizedInput stored(3, 172, 64);
  CudaKernel kernel("exec.kernel @k over rows slices [!exec.slice<rows by 172 of f32, stride 688>, "
                    "!exec.slice<rows by 172 of "
                    "i8, stride " +
                    number(stored.stride) + R"(, group 64>] states {} {
    ^bb0(%x: tensor<?x172xf32>):
      %q = lathe.quantize_rows %x : tensor<?x172xf32> -> tensor<?x172xi8, #lathe.quantized_rows<64>>
      lathe.yield %q : tensor<?x172xi8, #lathe.quantized_rows<64>>
    })");
  Batch batch({{0, 0, 3}});
  Buffer<float> x = randomFloats(3 * 172, 5);
  kernel.run(batch.get(), {x.data(), stored.bytes.data()});
  for (int64_t m = 0; m < 3; ++m)
    for (int64_t g = 0; g < 3; ++g) {
      float largest = 0;
      int32_t sum = 0;
      for (int64_t k = g * 64; k < std::min<int64_t>(172, (g + 1) * 64); ++k) {
        largest = std::max(largest, std::abs(x[m * 172 + k]));
        sum += stored.code(m, k);
        ASSERT_NEAR(stored.code(m, k) * stored.scale(m, g), x[m * 172 + k], 0.501 * stored.scale(m, g))
            << m << " " << k;
      }
      ASSERT_NEAR(stored.scale(m, g), largest / 127, 1e-6 * largest) << m << " " << g;
      ASSERT_EQ(stored.sum(m, g), sum) << m << " " << g;
    }
}

} // namespace

// Attention against softmax in doubles: over the paged cache and over the rows of a batch.
#include "CachedAttention.h"

#include "gtest/gtest.h"

using namespace lathe;
using namespace lathe::test;
using Shape = AttentionShape;

namespace {

std::string rowsType(int64_t columns) { return "tensor<?x" + std::to_string(columns) + "xf32>"; }
std::string sliceType(int64_t columns, int64_t stride) {
  return "!exec.slice<rows by " + std::to_string(columns) + " of f32, stride " + std::to_string(stride) + ">";
}

/// On every device.
void checkCached(const Program &program, Shape shape, const std::string &type,
                 const std::vector<Batch::Run> &runs) {
  for (size_t variant = 0; variant < program.variants(); ++variant) {
    SCOPED_TRACE(program.variantName(variant).str());
    checkCachedAttention(shape, type, runs, [&](const KernelBatch &batch, std::vector<void *> bindings) {
      program.run(variant, "attend", batch, std::move(bindings));
    });
  }
}

class CachedAttention : public testing::TestWithParam<std::pair<Shape, const char *>> {};

TEST_P(CachedAttention, AgreesWithSoftmaxInDoubles) {
  auto [shape, type] = GetParam();
  Program program(cachedAttention(shape, type), deviceVariants());
  checkCached(program, shape, type, {{1, 0, 1}});
  checkCached(program, shape, type, {{0, 63, 1}, {2, 200, 1}, {1, 64, 1}});
  checkCached(program, shape, type, {{3, 0, 17}});
  checkCached(program, shape, type, {{0, 61, 5}, {1, 0, 100}, {2, 130, 3}});
}

INSTANTIATE_TEST_SUITE_P(Shapes, CachedAttention,
                         testing::Values(std::pair(Shape{9, 3, 64}, "bf16"),
                                         std::pair(Shape{4, 4, 12}, "f32"), std::pair(Shape{8, 1, 8}, "f16"),
                                         std::pair(Shape{14, 2, 64}, "bf16"),
                                         std::pair(Shape{4, 2, 128}, "bf16"),
                                         std::pair(Shape{5, 1, 32}, "f32"),
                                         std::pair(Shape{2, 2, 80}, "f16")));

// GPUs split the keys of few rows into parts; one of 64 KV heads has four for each.
TEST(SplitAttention, AgreesWithSoftmaxInDoubles) {
  for (Shape shape : {Shape{64, 64, 4, true}, Shape{4, 2, 16}}) {
    Program program(cachedAttention(shape, "f32"), deviceVariants());
    // Parts of three blocks, the last one's last cut short; parts of one, the last one empty; one part.
    checkCached(program, shape, "f32", {{0, 699, 1}});
    checkCached(program, shape, "f32", {{1, 130, 1}});
    checkCached(program, shape, "f32", {{2, 5, 1}});
    // Of different lengths, and rows that see nothing of a part which others of their tile see.
    checkCached(program, shape, "f32", {{0, 640, 1}, {1, 0, 1}, {2, 255, 4}, {3, 127, 2}});
  }
}

void checkEncoder(const Program &program, Shape shape, bool causal, std::vector<Batch::Run> runs) {
  Batch batch(runs);
  int64_t columns = shape.heads * shape.dim, kvColumns = shape.kvHeads * shape.dim,
          stride = columns + 2 * kvColumns;
  for (size_t variant = 0; variant < program.variants(); ++variant) {
    auto qkv = randomFloats(batch.rows() * stride, 5);
    Buffer<float> result(batch.rows() * columns);
    program.run(variant, "attend", batch.get(),
                {qkv.data(), qkv.data() + columns, qkv.data() + columns + kvColumns, result.data()});
    for (const KernelSegment &segment : batch.segments)
      for (int row = segment.firstRow; row < segment.firstRow + segment.rows; ++row)
        for (int head = 0; head < shape.heads; ++head) {
          auto element = [&](int64_t column) {
            return [&, column](int64_t key, int d) {
              return double(qkv[(segment.sequenceFirstRow + key) * stride + column +
                                head / (shape.heads / shape.kvHeads) * shape.dim + d]);
            };
          };
          int64_t keys = causal ? row - segment.sequenceFirstRow + 1 : segment.sequenceRows;
          auto expected = attend(qkv.data() + row * stride + head * shape.dim, shape.dim, keys,
                                 element(columns), element(columns + kvColumns));
          for (int d = 0; d < shape.dim; ++d)
            ASSERT_NEAR(result[row * columns + head * shape.dim + d], expected[d], 1e-5)
                << program.variantName(variant).str() << " row " << row << " head " << head << " column "
                << d;
        }
  }
}

// q, k and v are column views of one product, as fused projections leave them.
TEST(EncoderAttention, AgreesWithSoftmaxInDoubles) {
  for (Shape shape : {Shape{4, 4, 12}, Shape{6, 2, 32}})
    for (bool causal : {false, true}) {
      int64_t columns = shape.heads * shape.dim, kvColumns = shape.kvHeads * shape.dim,
              stride = 4 * (columns + 2 * kvColumns);
      std::string t = rowsType(columns), kv = rowsType(kvColumns), ks = sliceType(kvColumns, stride);
      Program program("exec.kernel @attend over rows slices [" + sliceType(columns, stride) + ", " + ks +
                      ", " + ks + ", unit, " + sliceType(columns, columns * 4) +
                      "] states {} {\n^bb0(%q: " + t + ", %k: " + kv + ", %v: " + kv +
                      ", %b: !lathe.batch):\n %a = lathe.attention %q keys %k values %v, %b heads " +
                      std::to_string(shape.heads) + " over " + std::to_string(shape.kvHeads) + " scale 0.3 " +
                      (causal ? "causal" : "") + " : " + t + ", " + kv + ", " + kv + " -> " + t +
                      "\n lathe.yield %a : " + t + "\n}",
                      deviceVariants());
      checkEncoder(program, shape, causal, {{0, 0, 1}});
      checkEncoder(program, shape, causal, {{0, 0, 3}, {1, 0, 100}, {2, 0, 17}, {3, 0, 64}});
    }
}

} // namespace

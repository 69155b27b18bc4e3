// Attention against softmax in doubles: over the paged cache and over the rows of a batch.
#include "KernelHarness.h"

#include "gtest/gtest.h"

#include <cmath>
#include <cstring>

using namespace lathe;
using namespace lathe::test;

namespace {

struct Shape {
  int heads, kvHeads, dim;
};

std::string rowsType(int64_t columns) { return "tensor<?x" + std::to_string(columns) + "xf32>"; }
std::string sliceType(int64_t columns, int64_t stride) {
  return "!exec.slice<rows by " + std::to_string(columns) + " of f32, stride " + std::to_string(stride) + ">";
}

/// softmax(0.3 q k^T) v of one query head over `keys` keys.
std::vector<double> attend(const float *query, int dim, int64_t keys, auto &&keyAt, auto &&valueAt) {
  std::vector<double> scores(keys), result(dim);
  double largest = -1e30, total = 0;
  for (int64_t k = 0; k < keys; ++k) {
    for (int d = 0; d < dim; ++d) scores[k] += 0.3 * query[d] * keyAt(k, d);
    largest = std::max(largest, scores[k]);
  }
  for (double &score : scores) total += score = std::exp(score - largest);
  for (int64_t k = 0; k < keys; ++k)
    for (int d = 0; d < dim; ++d) result[d] += scores[k] / total * valueAt(k, d);
  return result;
}

/// A pool of blocks in some element type; positions that nobody wrote are NaN.
struct Cache {
  Cache(const Batch &batch, Shape shape, std::string type, int64_t offset)
      : shape(shape), type(std::move(type)), bytes(this->type == "f32" ? 4 : 2), offset(offset),
        blockBytes(offset + 2 * shape.kvHeads * 64 * shape.dim * bytes),
        pool(batch.blockTables.size() * blockBytes) {
    std::memset(pool.data(), 0xff, pool.size());
  }
  std::byte *at(const Batch &batch, int slot, int64_t position, int plane, int head, int d) const {
    int64_t block = batch.blockTables[slot * batch.get().blocksPerSlot + position / 64];
    int64_t element = ((int64_t(plane) * shape.kvHeads + head) * 64 + position % 64) * shape.dim + d;
    return pool.data() + block * blockBytes + offset + element * bytes;
  }
  void write(std::byte *to, float value) const {
    uint16_t narrow = type == "bf16" ? toBf16(value) : toF16(value);
    if (bytes == 4)
      std::memcpy(to, &value, 4);
    else
      std::memcpy(to, &narrow, 2);
  }
  float read(const std::byte *from) const {
    float wide;
    uint16_t narrow;
    if (bytes == 4) return std::memcpy(&wide, from, 4), wide;
    std::memcpy(&narrow, from, 2);
    return type == "bf16" ? fromBf16(narrow) : fromF16(narrow);
  }
  Shape shape;
  std::string type;
  int64_t bytes, offset, blockBytes;
  Buffer<std::byte> pool;
};

void fill(const Cache &cache, const Batch &batch) {
  auto numbers = randomFloats(4096, 9, 2);
  size_t next = 0;
  for (const KernelSegment &segment : batch.segments)
    for (int64_t position = 0; position < segment.position + segment.rows; ++position)
      for (int plane = 0; plane < 2; ++plane)
        for (int head = 0; head < cache.shape.kvHeads; ++head)
          for (int d = 0; d < cache.shape.dim; ++d)
            cache.write(cache.at(batch, segment.slot, position, plane, head, d), numbers[next++ % 4093]);
}

void checkCached(const Program &program, Shape shape, const std::string &type, std::vector<Batch::Run> runs) {
  Batch batch(runs);
  Cache cache(batch, shape, type, 128);
  batch.get().blockBytes = cache.blockBytes;
  fill(cache, batch);
  int64_t columns = shape.heads * shape.dim;
  for (size_t variant = 0; variant < program.variants(); ++variant) {
    auto query = randomFloats(batch.rows() * columns, 4), result = randomFloats(batch.rows() * columns, 4);
    // The result may take the place of the queries.
    program.run(variant, "attend", batch.get(),
                {result.data(), cache.pool.data() + cache.offset, result.data()});
    for (int row = 0; row < batch.rows(); ++row)
      for (int head = 0; head < shape.heads; ++head) {
        auto element = [&](int plane) {
          return [&, plane](int64_t key, int d) {
            return double(cache.read(
                cache.at(batch, batch.slots[row], key, plane, head / (shape.heads / shape.kvHeads), d)));
          };
        };
        const float *q = query.data() + row * columns + head * shape.dim;
        auto expected = attend(q, shape.dim, batch.positions[row] + 1, element(0), element(1));
        for (int d = 0; d < shape.dim; ++d)
          ASSERT_NEAR(result[row * columns + head * shape.dim + d], expected[d], 1e-5)
              << program.variantName(variant).str() << " " << type << " row " << row << " head " << head
              << " column " << d;
      }
  }
}

class CachedAttention : public testing::TestWithParam<std::pair<Shape, const char *>> {};

TEST_P(CachedAttention, AgreesWithSoftmaxInDoubles) {
  auto [shape, type] = GetParam();
  int64_t columns = shape.heads * shape.dim;
  std::string t = rowsType(columns), s = sliceType(columns, columns * 4);
  Program program("exec.kernel @attend over rows slices [" + s + ", unit, unit, " + s +
                  "] states {s = 1 : i64} {\n^bb0(%q: " + t + ", %s: !lathe.state<growing 2x" +
                  std::to_string(shape.kvHeads) + "x" + std::to_string(shape.dim) + "x" + type +
                  ">, %b: !lathe.batch):\n %a = lathe.attention %q, %b from @s heads " +
                  std::to_string(shape.heads) + " over " + std::to_string(shape.kvHeads) +
                  " scale 0.3 causal : " + t + " -> " + t + "\n lathe.yield %a : " + t + "\n}",
                  deviceVariants());
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

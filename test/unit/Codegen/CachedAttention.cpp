#include "CachedAttention.h"

#include "gtest/gtest.h"

#include <cmath>
#include <cstring>

namespace lathe::test {

std::vector<double> attend(const float *query, int dim, int64_t keys,
                           const std::function<double(int64_t, int)> &keyAt,
                           const std::function<double(int64_t, int)> &valueAt) {
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

namespace {

/// A pool of blocks in some element type.
struct Cache {
  Cache(const Batch &batch, AttentionShape shape, std::string type)
      : shape(shape), type(std::move(type)), bytes(this->type == "f32" ? 4 : 2),
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
  static constexpr int64_t offset = 128; ///< of the state in a block
  AttentionShape shape;
  std::string type;
  int64_t bytes, blockBytes;
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

} // namespace

std::string cachedAttention(AttentionShape shape, const std::string &type) {
  auto number = [](int64_t value) { return std::to_string(value); };
  int64_t columns = shape.heads * shape.dim;
  std::string t = "tensor<?x" + number(columns) + "xf32>",
              s = "!exec.slice<rows by " + number(columns) + " of f32, stride " + number(columns * 4) + ">";
  return "exec.kernel @attend over rows slices [" + s + ", unit, unit, " + (shape.adds ? s + ", " : "") + s +
         "] states {s = 1 : i64} {\n^bb0(%q: " + t + ", %s: !lathe.state<growing 2x" + number(shape.kvHeads) +
         "x" + number(shape.dim) + "x" + type + ">, %b: !lathe.batch" + (shape.adds ? ", %x: " + t : "") +
         "):\n %a = lathe.attention %q, %b from @s heads " + number(shape.heads) + " over " +
         number(shape.kvHeads) + " scale 0.3 causal : " + t + " -> " + t +
         (shape.adds ? "\n %r = lathe.add %a, %x : " + t + "\n lathe.yield %r : " : "\n lathe.yield %a : ") +
         t + "\n}";
}

void checkCachedAttention(AttentionShape shape, const std::string &type, const std::vector<Batch::Run> &runs,
                          const std::function<void(const KernelBatch &, std::vector<void *>)> &run) {
  int32_t blocks = 1;
  for (const Batch::Run &of : runs) blocks = std::max(blocks, (of.position + of.rows + 63) / 64);
  Batch batch(runs, 4, blocks);
  Cache cache(batch, shape, type);
  batch.get().blockBytes = cache.blockBytes;
  fill(cache, batch);
  int64_t columns = shape.heads * shape.dim;
  auto query = randomFloats(batch.rows() * columns, 4), result = randomFloats(batch.rows() * columns, 4),
       residual = randomFloats(batch.rows() * columns, 6);
  std::vector<void *> bindings = {result.data(), cache.pool.data() + Cache::offset, result.data()};
  if (shape.adds) bindings.insert(bindings.begin() + 2, residual.data());
  run(batch.get(), bindings);
  for (int row = 0; row < batch.rows(); ++row)
    for (int head = 0; head < shape.heads; ++head) {
      auto element = [&](int plane) {
        return [&, plane](int64_t key, int d) {
          return double(cache.read(
              cache.at(batch, batch.slots[row], key, plane, head / (shape.heads / shape.kvHeads), d)));
        };
      };
      int64_t first = row * columns + head * shape.dim;
      auto expected =
          attend(query.data() + first, shape.dim, batch.positions[row] + 1, element(0), element(1));
      for (int d = 0; d < shape.dim; ++d)
        ASSERT_NEAR(result[first + d], expected[d] + (shape.adds ? residual[first + d] : 0), 1e-5)
            << type << " row " << row << " head " << head << " column " << d;
    }
}

} // namespace lathe::test

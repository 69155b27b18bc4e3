// Rows kernels against plain loops, at row counts and widths that leave rests.
#include "KernelHarness.h"

#include "gtest/gtest.h"

#include <cmath>

using namespace lathe;
using namespace lathe::test;

namespace {

std::string slice(int64_t columns, const char *type = "f32", int64_t bytes = 4) {
  return "!exec.slice<rows by " + std::to_string(columns) + " of " + type + ", stride " +
         std::to_string(columns * bytes) + ">";
}
std::string rowsType(int64_t columns, const char *type = "f32") {
  return "tensor<?x" + std::to_string(columns) + "x" + type + ">";
}
std::string vectorType(int64_t columns) { return "!lathe.weight<" + std::to_string(columns) + "xf32>"; }

TEST(RowsKernel, AddThenRMSNorm) {
  for (int64_t columns : {16, 48, 53, 64, 172, 576, 1}) {
    std::string t = rowsType(columns), w = vectorType(columns), s = slice(columns);
    Program program("exec.kernel @norm over rows slices [" + s + ", " + s + ", unit, " + s + ", " + s +
                    R"(] states {} {
      ^bb0(%x: )" + t +
                    ", %y: " + t + ", %w: " + w + "):\n %h = lathe.add %x, %y : " + t +
                    "\n %n = lathe.rms_norm %h, %w epsilon 1.0e-5 : " + t + ", " + w +
                    "\n lathe.yield %h, %n : " + t + ", " + t + "\n}");
    for (size_t variant = 0; variant < program.variants(); ++variant) {
      for (int32_t rows : {1, 3, 17}) {
        Batch batch({{0, 0, rows}});
        auto x = randomFloats(rows * columns, 1), y = randomFloats(rows * columns, 2),
             w = randomFloats(columns, 3);
        Buffer<float> norm(rows * columns), expected(columns);
        auto inPlace = randomFloats(rows * columns, 1);
        program.run(variant, "norm", batch.get(),
                    {inPlace.data(), y.data(), w.data(), inPlace.data(), norm.data()});
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

TEST(RowsKernel, LayerNormToBf16OfChosenRows) {
  for (int64_t columns : {48, 53, 64}) {
    std::string t = rowsType(columns), w = vectorType(columns), s = slice(columns);
    std::string out = "!exec.slice<outputs by " + std::to_string(columns) + " of bf16, stride " +
                      std::to_string(columns * 2) + ">";
    Program program("exec.kernel @norm over outputs slices [" + s + ", unit, unit, unit, " + out +
                    "] states {} {\n^bb0(%x: " + t + ", %b: !lathe.batch, %w: " + w + ", %c: " + w +
                    "):\n %o = lathe.select_outputs %x, %b : " + t +
                    "\n %n = lathe.layer_norm %o, %w, %c epsilon 1.0e-12 : " + t + ", " + w + ", " + w +
                    "\n %y = lathe.convert %n : " + t + " -> " + rowsType(columns, "bf16") +
                    "\n lathe.yield %y : " + rowsType(columns, "bf16") + "\n}");
    Batch batch({{0, 0, 3}, {1, 0, 17}, {2, 0, 1}});
    auto x = randomFloats(batch.rows() * columns, 1), scale = randomFloats(columns, 2),
         bias = randomFloats(columns, 3);
    for (size_t variant = 0; variant < program.variants(); ++variant) {
      Buffer<uint16_t> result(3 * columns);
      program.run(variant, "norm", batch.get(), {x.data(), scale.data(), bias.data(), result.data()});
      for (int output = 0; output < 3; ++output) {
        const float *row = x.data() + batch.outputRows[output] * columns;
        double mean = 0, variance = 0;
        for (int64_t c = 0; c < columns; ++c) mean += row[c] / double(columns);
        for (int64_t c = 0; c < columns; ++c) variance += (row[c] - mean) * (row[c] - mean) / double(columns);
        for (int64_t c = 0; c < columns; ++c) {
          double exact = (row[c] - mean) / std::sqrt(variance) * scale[c] + bias[c];
          ASSERT_NEAR(fromBf16(result[output * columns + c]), exact, std::abs(exact) / 256 + 1e-6);
        }
      }
    }
  }
}

struct Quantized {
  int64_t columns, group;
};

void checkQuantized(const float *x, const int8_t *row, exec::SliceType slice) {
  auto *scales = reinterpret_cast<const float *>(row + slice.getScalesOffset());
  auto *sums = reinterpret_cast<const int32_t *>(row + slice.getSumsOffset());
  for (int64_t group = 0; group < slice.getNumGroups(); ++group) {
    int64_t first = group * slice.getGroup(), last = std::min(first + slice.getGroup(), slice.getColumns());
    float largest = 0;
    for (int64_t c = first; c < last; ++c) largest = std::max(largest, std::abs(x[c]));
    ASSERT_EQ(scales[group], largest / 127);
    float inverse = largest > 0 ? 127 / largest : 0;
    int32_t sum = 0;
    for (int64_t c = first; c < last; ++c) {
      int code = int(std::min(127.0f, std::max(-127.0f, std::nearbyint(x[c] * inverse))));
      ASSERT_EQ(row[c], code) << "column " << c;
      sum += code;
    }
    ASSERT_EQ(sums[group], sum);
  }
  for (int64_t c = slice.getColumns(); c < slice.getScalesOffset(); ++c) ASSERT_EQ(row[c], 0);
}

TEST(RowsKernel, QuantizedRowsAreExact) {
  mlir::MLIRContext context;
  context.loadDialect<exec::ExecDialect>();
  for (Quantized shape : {Quantized{64, 32}, {172, 64}, {53, 32}, {576, 128}, {192, 192}, {48, 1024}}) {
    auto i8 = mlir::IntegerType::get(&context, 8);
    int64_t stride = exec::SliceType::packedStride(shape.columns, i8, shape.group);
    auto type = exec::SliceType::get(&context, exec::RowDomain::Rows, shape.columns, i8, stride, shape.group);
    std::string t = rowsType(shape.columns), g = std::to_string(shape.group);
    std::string q = "tensor<?x" + std::to_string(shape.columns) + "xi8, #lathe.quantized_rows<" + g + ">>";
    std::string out = "!exec.slice<rows by " + std::to_string(shape.columns) + " of i8, stride " +
                      std::to_string(stride) + ", group " + g + ">";
    Program program("exec.kernel @quantize over rows slices [" + slice(shape.columns) + ", " + out + ", " +
                    slice(shape.columns) + "] states {} {\n^bb0(%x: " + t +
                    "):\n %s = lathe.scale %x by 2.0 : " + t + "\n %q = lathe.quantize_rows %s : " + t +
                    " -> " + q + "\n lathe.yield %q, %s : " + q + ", " + t + "\n}");
    for (size_t variant = 0; variant < program.variants(); ++variant) {
      Batch batch({{0, 0, 5}});
      auto x = randomFloats(5 * shape.columns, 7);
      for (int64_t c = 0; c < shape.columns; ++c) x[shape.columns + c] = 0;
      Buffer<int8_t> result(5 * stride);
      Buffer<float> doubled(5 * shape.columns);
      program.run(variant, "quantize", batch.get(), {x.data(), result.data(), doubled.data()});
      for (int row = 0; row < 5; ++row) {
        checkQuantized(doubled.data() + row * shape.columns, result.data() + row * stride, type);
        for (int64_t c = 0; c < shape.columns; ++c)
          ASSERT_EQ(doubled[row * shape.columns + c], 2 * x[row * shape.columns + c]);
      }
    }
  }
}

// rope(q) in place beside rope(k) that goes to the cache with v, all column views of one product.
void checkRotation(int heads, int kvHeads, int dim, int tableColumns) {
  int64_t columns = heads * dim, kvColumns = kvHeads * dim, stride = columns + 2 * kvColumns;
  auto view = [&](int64_t width) {
    return "!exec.slice<rows by " + std::to_string(width) + " of f32, stride " + std::to_string(stride * 4) +
           ">";
  };
  std::string q = rowsType(columns), k = rowsType(kvColumns), t = rowsType(tableColumns);
  Program program("exec.kernel @rotate over rows slices [" + view(columns) + ", " + view(kvColumns) + ", " +
                  view(kvColumns) + ", " + slice(tableColumns) + ", unit, unit, " + view(columns) +
                  "] states {s = 5 : i64} {\n^bb0(%q: " + q + ", %k: " + k + ", %v: " + k + ", %t: " + t +
                  ", %b: !lathe.batch, %s: !lathe.state<growing 2x" + std::to_string(kvHeads) + "x" +
                  std::to_string(dim) + "xbf16>):\n %a = lathe.rope %q, %t heads " + std::to_string(heads) +
                  " : " + q + ", " + t + "\n %c = lathe.rope %k, %t heads " + std::to_string(kvHeads) +
                  " : " + k + ", " + t + "\n lathe.cache_write %c, %v, %b into @s : " + k + ", " + k +
                  "\n lathe.yield %a : " + q + "\n}");
  Batch batch({{1, 60, 9}, {3, 0, 1}});
  int64_t blockBytes = 2 * kvHeads * 64 * dim * 2;
  batch.get().blockBytes = blockBytes;
  auto table = randomFloats(10 * tableColumns, 2), original = randomFloats(10 * stride, 1);
  auto rotated = [&](int row, int64_t first, int d) {
    const float *x = original.data() + row * stride + first;
    const float *cosine = table.data() + row * tableColumns, *sine = cosine + tableColumns / 2;
    int half = tableColumns / 2;
    if (d >= tableColumns) return x[d];
    return d < half ? x[d] * cosine[d] + x[d + half] * -sine[d]
                    : x[d] * cosine[d - half] + x[d - half] * sine[d - half];
  };
  for (size_t variant = 0; variant < program.variants(); ++variant) {
    auto qkv = randomFloats(10 * stride, 1);
    Buffer<uint16_t> pool(batch.blockTables.size() * blockBytes / 2);
    program.run(variant, "rotate", batch.get(),
                {qkv.data(), qkv.data() + columns, qkv.data() + columns + kvColumns, table.data(),
                 pool.data(), qkv.data()});
    for (int row = 0; row < 10; ++row)
      for (int d = 0; d < dim; ++d) {
        for (int head = 0; head < heads; ++head)
          ASSERT_EQ(qkv[row * stride + head * dim + d], rotated(row, head * dim, d))
              << "row " << row << " column " << d;
        int64_t block =
            batch.blockTables[batch.slots[row] * batch.get().blocksPerSlot + batch.positions[row] / 64];
        for (int head = 0; head < kvHeads; ++head) {
          auto cached = [&](int plane) {
            return pool[block * blockBytes / 2 +
                        ((plane * kvHeads + head) * 64 + batch.positions[row] % 64) * dim + d];
          };
          ASSERT_EQ(cached(0), toBf16(rotated(row, columns + head * dim, d)));
          ASSERT_EQ(cached(1), toBf16(original[row * stride + columns + kvColumns + head * dim + d]));
        }
      }
  }
}

TEST(RowsKernel, RotatesAndWritesTheCache) {
  checkRotation(9, 3, 64, 64);
  checkRotation(4, 2, 8, 8);
  checkRotation(2, 1, 80, 32);
  checkRotation(3, 3, 12, 12);
}

} // namespace

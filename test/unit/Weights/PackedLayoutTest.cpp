// The packed layout, read back by a reader that is written from its description alone (PackedLayout.h and
// dialects/Lathe/README.md): every number of every plane is recovered.
#include "Expressions.h"

#include <gtest/gtest.h>

#include <cstring>

using namespace lathe;

namespace {

int64_t roundUp(int64_t value, int64_t unit) { return (value + unit - 1) / unit * unit; }

/// Reads a weight front to back; the formats give code values only.
class Reader {
public:
  explicit Reader(std::span<const std::byte> bytes) : bytes_(bytes) {}

  std::vector<float> matrix(const Format &format, int64_t rows, int64_t columns) {
    if (format.bitmap) return bitmap(format, rows, columns);
    std::vector<uint32_t> codes =
        format.bits <= 8 ? quads(format, rows, columns) : elements(format, rows, columns, true);
    return scaled(format, rows, columns, codes, false);
  }
  int64_t position() const { return position_; }

private:
  const std::byte *plane(int64_t size) {
    position_ = roundUp(position_, 64);
    EXPECT_LE(position_ + size, int64_t(bytes_.size()));
    const std::byte *start = bytes_.data() + position_;
    position_ += size;
    return start;
  }

  static int64_t paddedColumns(const Format &format, int64_t columns) {
    int64_t block = format.blockColumns;
    return roundUp(columns, block == 0 || block >= columns ? 32 : std::lcm(int64_t(32), block));
  }

  std::vector<uint32_t> quads(const Format &format, int64_t rows, int64_t columns) {
    std::vector<uint32_t> codes(rows * columns);
    unsigned shift = 0;
    for (int64_t w : {8, 4, 2, 1}) {
      if (!(format.bits & w)) continue;
      int64_t perUnit = 4 * (8 / w), units = paddedColumns(format, columns) / perUnit,
              panels = roundUp(rows, 64) / 64;
      const std::byte *bytes = plane(panels * units * 256);
      for (int64_t row = 0; row < rows; ++row)
        for (int64_t column = 0; column < columns; ++column) {
          int64_t unit = column / perUnit, i = column % perUnit / 4, j = column % 4;
          auto byte = uint32_t(bytes[((row / 64 * units + unit) * 64 + row % 64) * 4 + j]);
          codes[row * columns + column] |= (byte >> (i * w) & ((1u << w) - 1)) << shift;
        }
      shift += w;
    }
    return codes;
  }

  std::vector<uint32_t> elements(const Format &format, int64_t rows, int64_t columns, bool panels) {
    int64_t width = format.bits <= 8 ? 1 : format.bits / 8, padded = panels ? roundUp(rows, 64) : rows;
    const std::byte *bytes = plane(padded * columns * width);
    std::vector<uint32_t> codes(rows * columns);
    for (int64_t row = 0; row < rows; ++row)
      for (int64_t column = 0; column < columns; ++column) {
        int64_t at = panels ? (row / 64 * columns + column) * 64 + row % 64 : row * columns + column;
        std::memcpy(&codes[row * columns + column], bytes + at * width, width);
      }
    return codes;
  }

  std::vector<float> bitmap(const Format &format, int64_t rows, int64_t columns) {
    int64_t panels = roundUp(rows, 64) / 64, panelCodes = 64 * paddedColumns(format, columns);
    int64_t width = format.bits <= 8 ? 1 : format.bits / 8;
    const std::byte *mask = plane(panels * panelCodes / 8), *starts = plane((panels + 1) * 4);
    uint32_t zero = format.codes == Format::Codes::Integer ? format.bias()
                    : format.codes == Format::Codes::Table ? format.table.nearest(0)
                                                           : 0;
    std::vector<float> result =
        scaled(format, rows, columns, std::vector<uint32_t>(rows * columns, zero), false);
    uint32_t total;
    std::memcpy(&total, starts + panels * 4, 4);
    const std::byte *stored = plane(int64_t(total) * width);
    std::vector<uint32_t> codes(rows * columns, zero);
    for (int64_t panel = 0; panel < panels; ++panel) {
      uint32_t next;
      std::memcpy(&next, starts + panel * 4, 4);
      for (int64_t p = 0; p < panelCodes; ++p) {
        if (!(uint32_t(mask[panel * panelCodes / 8 + p / 8]) >> (p % 8) & 1)) continue;
        int64_t row = panel * 64 + p % 256 / 4, column = p / 256 * 4 + p % 4;
        EXPECT_TRUE(row < rows && column < columns);
        codes[row * columns + column] = 0;
        std::memcpy(&codes[row * columns + column], stored + int64_t(next++) * width, width);
      }
    }
    return values(format, columns, codes, scale_, offset_);
  }

  /// The code planes are read; now the scale's planes, then the offset's.
  std::vector<float> scaled(const Format &format, int64_t rows, int64_t columns,
                            const std::vector<uint32_t> &codes, bool shared) {
    bool blocks = format.scale || format.offset;
    int64_t r = blocks && format.blockRows ? format.blockRows : rows;
    int64_t c = blocks && format.blockColumns ? format.blockColumns : columns;
    int64_t partRows = (rows + r - 1) / r, partColumns = (columns + c - 1) / c;
    bool partShared = shared || r != 1;
    Part scale{r, c, partColumns, std::vector<float>(partRows * partColumns, 1)};
    Part offset{r, c, partColumns, std::vector<float>(partRows * partColumns, 0)};
    for (auto [part, target] :
         {std::pair(format.scale.get(), &scale), std::pair(format.offset.get(), &offset)})
      if (part)
        target->values = scaled(*part, partRows, partColumns,
                                elements(*part, partRows, partColumns, !partShared), partShared);
    scale_ = scale, offset_ = offset;
    return values(format, columns, codes, scale, offset);
  }

  struct Part {
    int64_t blockRows, blockColumns, columns;
    std::vector<float> values;
    float at(int64_t row, int64_t column) const {
      return values[row / blockRows * columns + column / blockColumns];
    }
  };

  static float valueOf(const Format &format, uint32_t code) {
    if (format.codes == Format::Codes::Integer)
      return float(int64_t(code) - (format.isSigned ? int64_t(1) << (format.bits - 1) : 0));
    if (format.codes == Format::Codes::Table) return format.table[uint8_t(code)];
    return decodeFloat(format.floatFormat, code);
  }

  static std::vector<float> values(const Format &format, int64_t columns, const std::vector<uint32_t> &codes,
                                   const Part &scale, const Part &offset) {
    std::vector<float> result(codes.size());
    for (size_t i = 0; i < codes.size(); ++i) {
      int64_t row = i / columns, column = i % columns;
      float product = scale.at(row, column) * valueOf(format, codes[i]);
      result[i] = product + offset.at(row, column);
    }
    return result;
  }

  std::span<const std::byte> bytes_;
  int64_t position_ = 0;
  Part scale_, offset_;
};

const std::string kQ4K =
    "<ui4, block 1x32, scale <ui6, block 1x8, scale <f16>>, offset <ui6, block 1x8, scale <f16>>>";
const std::vector<std::string> kEncodings = {
    "<f32>",
    "<f16>",
    "<bf16>",
    "<si8, block 1x0, scale <f32>>",
    "<si7, block 1x32, scale <f16>>",
    "<si6, block 1x64, scale <f16>>",
    "<si5, block 1x64, scale <bf16>>",
    "<si4, block 1x64, scale <f16>>",
    "<si4, block 1x24, scale <f32>>",
    "<si3, block 1x32, scale <f16>>",
    "<si2, block 1x16, scale <f16>>",
    "<ui1, block 1x32, scale <f16>, offset <f16>>",
    "<ui4, block 1x32, scale <f16>, offset <f16>>",
    "<ui8, block 0x0, scale <f32>, offset <f32>>",
    "<si4, block 16x16, scale <f16>>",
    "<si4, block 32x8, scale <si8, block 0x4, scale <f32>>>",
    kQ4K,
    "<f4E2M1FN, block 1x32, scale <f8E8M0FNU>>",
    "<f8E4M3FN, block 1x0, scale <f32>>",
    "<f4E2M1FN, block 1x16, scale <f8E4M3FN, block 0x0, scale <f32>>>",
    "<ui3, table [-3.0, -1.5, -0.5, 0.0, 0.25, 0.75, 1.5, 3.0], block 1x32, scale <f16>>",
    "<si8, block 1x0, scale <f32>, bitmap>",
    "<si4, block 1x32, scale <f16>, bitmap>",
    "<f32, bitmap>",
    "<bf16, bitmap>",
    "<f8E4M3FN, block 1x64, scale <f16>, bitmap>"};

} // namespace

TEST(PackedLayout, EveryEncodingAndShapeIsRecovered) {
  for (auto [rows, columns] : {std::pair{64, 128}, {65, 96}, {1, 1}, {130, 100}, {7, 259}})
    for (const std::string &encoding : kEncodings) {
      SCOPED_TRACE(encoding + " " + std::to_string(rows) + "x" + std::to_string(columns));
      TestParams params;
      params.addRandom("w", rows, columns, rows + columns);
      Expressions expressions = Expressions::quantized(rows, columns, encoding, "mse");
      ASSERT_TRUE(expressions.parsed()) << expressions.diagnostics;
      std::optional<StoredWeight> stored = store(expressions.result(), params);
      ASSERT_TRUE(stored) << expressions.diagnostics;
      auto dense = Evaluator(params, 2).dense(expressions.result());
      ASSERT_TRUE(mlir::succeeded(dense));
      Reader reader(stored->bytes);
      std::vector<float> read = reader.matrix(*expressions.format(encoding), rows, columns);
      for (size_t i = 0; i < read.size(); ++i) ASSERT_EQ(read[i], (*dense)[i]) << i;
      EXPECT_EQ(roundUp(reader.position(), 64), int64_t(stored->bytes.size()));
    }
}

TEST(PackedLayout, BytesDoNotDependOnThreads) {
  TestParams params;
  params.addRandom("w", 300, 200);
  for (const std::string &encoding : kEncodings) {
    Expressions expressions = Expressions::quantized(300, 200, encoding, "mse");
    auto one = store(expressions.result(), params, 1), three = store(expressions.result(), params, 3);
    ASSERT_TRUE(one && three) << encoding;
    EXPECT_EQ(one->bytes, three->bytes) << encoding;
    EXPECT_EQ(one->error.squaredError, three->error.squaredError) << encoding;
  }
}

TEST(PackedLayout, PaddingDecodesToZero) {
  TestParams params;
  params.addRandom("w", 3, 5);
  Expressions expressions = Expressions::quantized(3, 5, "<si4, block 1x0, scale <f32>>", "none");
  auto stored = store(expressions.result(), params);
  ASSERT_TRUE(stored);
  // One panel of 32 columns: four units of 8 columns; the codes of row 63 are all the biased zero, 8.
  for (int unit = 0; unit < 4; ++unit)
    for (int j = 0; j < 4; ++j) EXPECT_EQ(stored->bytes[unit * 256 + 63 * 4 + j], std::byte(0x88));
}

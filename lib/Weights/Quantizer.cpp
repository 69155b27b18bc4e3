#include "Weights/Quantizer.h"

#include <algorithm>
#include <cassert>
#include <cmath>
#include <numeric>

namespace lathe {

static int64_t ceilDiv(int64_t a, int64_t b) { return (a + b - 1) / b; }

float Format::smallestCode() const {
  if (codes == Codes::Table) return table.smallest();
  return isSigned ? -float(1 << (bits - 1)) : 0.0f;
}

float Format::largestCode() const {
  if (codes == Codes::Table) return table.largest();
  return isSigned ? float((1 << (bits - 1)) - 1) : float((1 << bits) - 1);
}

float Format::roundTrip(float value) const {
  assert(!scale && !offset);
  if (codes == Codes::Table) return table[table.nearest(value)];
  if (codes == Codes::Integer) return std::clamp(std::nearbyint(value), smallestCode(), largestCode());
  float largest = largestFloat(floatFormat);
  return decodeFloat(floatFormat, encodeFloat(floatFormat, std::clamp(value, -largest, largest)));
}

int64_t independentRows(const Format &format, int64_t rows) {
  if (!format.scale && !format.offset) return 1;
  int64_t block = format.blockRows ? std::min(format.blockRows, rows) : rows, parts = 1;
  for (const Format *part : {format.scale.get(), format.offset.get()})
    if (part) parts = std::lcm(parts, independentRows(*part, ceilDiv(rows, block)));
  return std::min(rows, block * parts);
}

namespace {

/// The part of a matrix that shares an entry of the scales.
struct Block {
  int64_t firstRow, rows, firstColumn, columns;
};

/// One quantization: blocks of `format` over a matrix.
class Quantization {
public:
  Quantization(const Format &format, std::span<const float> weights, int64_t rows, int64_t columns, bool clip)
      : format_(format), weights_(weights), rows_(rows), columns_(columns), clip_(clip) {
    result_.rows = rows;
    result_.columns = columns;
    bool blocks = format.scale || format.offset;
    result_.blockRows = blocks && format.blockRows ? format.blockRows : rows;
    result_.blockColumns = blocks && format.blockColumns ? format.blockColumns : columns;
    partRows_ = ceilDiv(rows, result_.blockRows);
    partColumns_ = ceilDiv(columns, result_.blockColumns);
  }

  Encoded run() {
    ranges_.assign(partRows_ * partColumns_, {1, 0});
    if (format_.scale || format_.offset) fitRanges();
    encodeCodes();
    return std::move(result_);
  }

private:
  Block blockAt(int64_t row, int64_t column) const {
    int64_t firstRow = row * result_.blockRows, firstColumn = column * result_.blockColumns;
    return {firstRow, std::min(result_.blockRows, rows_ - firstRow), firstColumn,
            std::min(result_.blockColumns, columns_ - firstColumn)};
  }

  /// The block's weights in one piece; only a block of parts of several rows is copied.
  std::span<const float> gather(const Block &block) {
    const float *first = weights_.data() + block.firstRow * columns_ + block.firstColumn;
    if (block.rows == 1 || block.columns == columns_) return {first, size_t(block.rows * block.columns)};
    gathered_.clear();
    for (int64_t row = 0; row < block.rows; ++row, first += columns_)
      gathered_.insert(gathered_.end(), first, first + block.columns);
    return gathered_;
  }

  /// Chooses ideal scales and offsets, then stores them in their own encodings and reads back what was
  /// stored: codes are rounded against the numbers that a kernel will see.
  void fitRanges() {
    for (int64_t row = 0; row < partRows_; ++row)
      for (int64_t column = 0; column < partColumns_; ++column)
        ranges_[row * partColumns_ + column] = fitBlock(format_, gather(blockAt(row, column)), clip_);
    store(format_.scale.get(), &BlockRange::scale, result_.scale);
    store(format_.offset.get(), &BlockRange::offset, result_.offset);
  }

  void store(const Format *part, float BlockRange::*member, std::unique_ptr<Encoded> &stored) {
    if (!part) return;
    std::vector<float> values(ranges_.size());
    bool plainFloat = part->codes == Format::Codes::Float && !part->scale && !part->offset;
    float largest = plainFloat ? largestFloat(part->floatFormat) : INFINITY;
    for (size_t i = 0; i < values.size(); ++i) values[i] = std::clamp(ranges_[i].*member, -largest, largest);
    stored = std::make_unique<Encoded>(quantize(*part, values, partRows_, partColumns_, false));
    dequantize(*part, *stored, values);
    for (size_t i = 0; i < values.size(); ++i) ranges_[i].*member = values[i];
  }

  void encodeCodes() {
    if (format_.codes == Format::Codes::Float)
      result_.wide.resize(weights_.size());
    else
      result_.codes.resize(weights_.size());
    for (int64_t row = 0; row < partRows_; ++row)
      for (int64_t column = 0; column < partColumns_; ++column) {
        Block block = blockAt(row, column);
        BlockRange range = ranges_[row * partColumns_ + column];
        for (int64_t r = block.firstRow; r < block.firstRow + block.rows; ++r)
          encodeRun(r * columns_ + block.firstColumn, block.columns, range);
      }
  }

  void encodeRun(int64_t first, int64_t count, BlockRange range) {
    std::span<const float> in = weights_.subspan(first, count);
    switch (format_.codes) {
    case Format::Codes::Integer:
      return encodeIntegers(in, range, format_.range(), result_.codes.data() + first);
    case Format::Codes::Table:
      return encodeTable(in, range, format_.table, result_.codes.data() + first);
    case Format::Codes::Float:
      break;
    }
    uint32_t *out = result_.wide.data() + first;
    if (!format_.scale && !format_.offset) return encodeFloats(format_.floatFormat, in, out);
    float inverse = range.inverse();
    for (int64_t i = 0; i < count; ++i)
      out[i] = encodeFloat(format_.floatFormat, (in[i] - range.offset) * inverse);
  }

  const Format &format_;
  std::span<const float> weights_;
  int64_t rows_, columns_;
  bool clip_;
  int64_t partRows_, partColumns_;
  std::vector<BlockRange> ranges_;
  std::vector<float> gathered_;
  Encoded result_;
};

/// Whether scales or offsets are rounded together with others, so that a block alone can't know what is
/// stored.
bool hasNestedParts(const Format &format) {
  for (const Format *part : {format.scale.get(), format.offset.get()})
    if (part && (part->scale || part->offset)) return true;
  return false;
}

/// Replaces rows of `to` by those of `from`, an encoding of the same shape.
void takeRows(Encoded &to, const Encoded &from, int64_t first, int64_t count) {
  auto take = [&](auto &target, const auto &source) {
    if (!source.empty())
      std::copy_n(source.begin() + first * from.columns, count * from.columns,
                  target.begin() + first * from.columns);
  };
  take(to.codes, from.codes);
  take(to.wide, from.wide);
  int64_t partFirst = first / from.blockRows, partCount = ceilDiv(count, from.blockRows);
  if (from.scale) takeRows(*to.scale, *from.scale, partFirst, partCount);
  if (from.offset) takeRows(*to.offset, *from.offset, partFirst, partCount);
}

/// With nested scales the search may lose to plain rounding once all scales are stored; rows that can be told
/// apart take the better of the two.
Encoded quantizeGuarded(const Format &format, std::span<const float> weights, int64_t rows, int64_t columns) {
  Encoded searched = Quantization(format, weights, rows, columns, true).run();
  Encoded plain = Quantization(format, weights, rows, columns, false).run();
  std::vector<float> a(weights.size()), b(weights.size());
  dequantize(format, searched, a);
  dequantize(format, plain, b);
  int64_t unit = independentRows(format, rows);
  for (int64_t first = 0; first < rows; first += unit) {
    int64_t count = std::min(unit, rows - first);
    auto part = [&](std::span<const float> all) { return all.subspan(first * columns, count * columns); };
    double searchedError, plainError, norm;
    squaredSums(part(a), part(weights), searchedError, norm);
    squaredSums(part(b), part(weights), plainError, norm);
    if (!(searchedError <= plainError)) takeRows(searched, plain, first, count);
  }
  return searched;
}

} // namespace

Encoded quantize(const Format &format, std::span<const float> weights, int64_t rows, int64_t columns,
                 bool clip) {
  assert(int64_t(weights.size()) == rows * columns);
  if (clip && hasNestedParts(format)) return quantizeGuarded(format, weights, rows, columns);
  return Quantization(format, weights, rows, columns, clip).run();
}

static void decodeRun(const Format &format, const Encoded &encoded, int64_t first, BlockRange range,
                      std::span<float> out) {
  switch (format.codes) {
  case Format::Codes::Integer:
    return decodeIntegers(encoded.codes.data() + first, range, format.bias(), out);
  case Format::Codes::Table:
    return decodeTable(encoded.codes.data() + first, range, format.table, out);
  case Format::Codes::Float:
    break;
  }
  decodeFloats(format.floatFormat, encoded.wide.data() + first, out);
  if (!format.scale && !format.offset) return;
  for (float &value : out) value = range.scale * value + range.offset;
}

void dequantize(const Format &format, const Encoded &encoded, std::span<float> out) {
  int64_t partRows = ceilDiv(encoded.rows, encoded.blockRows);
  int64_t partColumns = ceilDiv(encoded.columns, encoded.blockColumns);
  std::vector<float> scales(partRows * partColumns, 1), offsets(partRows * partColumns, 0);
  if (encoded.scale) dequantize(*format.scale, *encoded.scale, scales);
  if (encoded.offset) dequantize(*format.offset, *encoded.offset, offsets);
  for (int64_t row = 0; row < encoded.rows; ++row)
    for (int64_t part = 0; part < partColumns; ++part) {
      int64_t column = part * encoded.blockColumns, first = row * encoded.columns + column;
      int64_t count = std::min(encoded.blockColumns, encoded.columns - column);
      size_t index = row / encoded.blockRows * partColumns + part;
      decodeRun(format, encoded, first, {scales[index], offsets[index]}, out.subspan(first, count));
    }
}

} // namespace lathe

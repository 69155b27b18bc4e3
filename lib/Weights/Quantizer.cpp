#include "Weights/Quantizer.h"

#include <algorithm>
#include <cassert>
#include <cmath>

namespace lathe {

static int64_t ceilDiv(int64_t a, int64_t b) { return (a + b - 1) / b; }
static inline float roundEven(float x) { return (x + 12582912.0f) - 12582912.0f; }

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
    if (format_.codes == Format::Codes::Float && format_.floatFormat != FloatFormat::F32 && !format_.scale)
      return roundFloats();
    fitRanges();
    encodeCodes();
    return std::move(result_);
  }

private:
  Encoded roundFloats() {
    result_.wide.resize(weights_.size());
    for (size_t i = 0; i < weights_.size(); ++i) result_.wide[i] = encodeFloat(format_.floatFormat, weights_[i]);
    return std::move(result_);
  }

  Block blockAt(int64_t row, int64_t column) const {
    int64_t firstRow = row * result_.blockRows, firstColumn = column * result_.blockColumns;
    return {firstRow, std::min(result_.blockRows, rows_ - firstRow), firstColumn,
            std::min(result_.blockColumns, columns_ - firstColumn)};
  }

  /// The block's weights in one piece; only a block of several rows is copied.
  std::span<const float> gather(const Block &block) {
    const float *first = weights_.data() + block.firstRow * columns_ + block.firstColumn;
    if (block.rows == 1 || block.columns == columns_) return {first, size_t(block.rows * block.columns)};
    gathered_.clear();
    for (int64_t row = 0; row < block.rows; ++row, first += columns_)
      gathered_.insert(gathered_.end(), first, first + block.columns);
    return gathered_;
  }

  /// Chooses ideal scales and offsets, then stores them in their own encodings and reads back what was stored: codes
  /// are rounded against the numbers that a kernel will see.
  void fitRanges() {
    scales_.assign(partRows_ * partColumns_, 1);
    offsets_.assign(partRows_ * partColumns_, 0);
    if (!format_.scale && !format_.offset) return;
    for (int64_t row = 0; row < partRows_; ++row)
      for (int64_t column = 0; column < partColumns_; ++column) {
        BlockRange range = fitBlock(format_, gather(blockAt(row, column)), clip_);
        scales_[row * partColumns_ + column] = range.scale;
        offsets_[row * partColumns_ + column] = range.offset;
      }
    store(format_.scale.get(), scales_, result_.scale);
    store(format_.offset.get(), offsets_, result_.offset);
  }

  void store(const Format *part, std::vector<float> &values, std::unique_ptr<Encoded> &stored) {
    if (!part) return;
    stored = std::make_unique<Encoded>(quantize(*part, values, partRows_, partColumns_, false));
    dequantize(*part, *stored, values);
  }

  void encodeCodes() {
    bool narrow = format_.codes != Format::Codes::Float;
    if (narrow)
      result_.codes.resize(weights_.size());
    else
      result_.wide.resize(weights_.size());
    for (int64_t row = 0; row < partRows_; ++row)
      for (int64_t column = 0; column < partColumns_; ++column) {
        Block block = blockAt(row, column);
        float scale = scales_[row * partColumns_ + column], offset = offsets_[row * partColumns_ + column];
        for (int64_t r = block.firstRow; r < block.firstRow + block.rows; ++r)
          encodeRun(r * columns_ + block.firstColumn, block.columns, scale, offset);
      }
  }

  void encodeRun(int64_t first, int64_t count, float scale, float offset) {
    const float *in = weights_.data() + first;
    float inverse = scale != 0 ? 1 / scale : 0;
    if (!std::isfinite(inverse)) inverse = 0;
    if (format_.codes == Format::Codes::Integer) {
      float low = format_.smallestCode(), high = format_.largestCode();
      uint8_t *out = result_.codes.data() + first;
      for (int64_t i = 0; i < count; ++i) {
        float q = std::min(std::max(roundEven((in[i] - offset) * inverse), low), high);
        out[i] = static_cast<uint8_t>(static_cast<int32_t>(q) + format_.bias());
      }
    } else if (format_.codes == Format::Codes::Table) {
      for (int64_t i = 0; i < count; ++i) result_.codes[first + i] = format_.table.nearest((in[i] - offset) * inverse);
    } else {
      bool plain = !format_.scale && !format_.offset;
      for (int64_t i = 0; i < count; ++i)
        result_.wide[first + i] = encodeFloat(format_.floatFormat, plain ? in[i] : (in[i] - offset) * inverse);
    }
  }

  const Format &format_;
  std::span<const float> weights_;
  int64_t rows_, columns_;
  bool clip_;
  int64_t partRows_, partColumns_;
  std::vector<float> scales_, offsets_, gathered_;
  Encoded result_;
};

float valueOf(const Format &format, const Encoded &encoded, size_t index) {
  if (format.codes == Format::Codes::Float) return decodeFloat(format.floatFormat, encoded.wide[index]);
  if (format.codes == Format::Codes::Table) return format.table[encoded.codes[index]];
  return float(int32_t(encoded.codes[index]) - format.bias());
}

} // namespace

Encoded quantize(const Format &format, std::span<const float> weights, int64_t rows, int64_t columns, bool clip) {
  assert(int64_t(weights.size()) == rows * columns);
  return Quantization(format, weights, rows, columns, clip).run();
}

void dequantize(const Format &format, const Encoded &encoded, std::span<float> out) {
  int64_t partRows = ceilDiv(encoded.rows, encoded.blockRows), partColumns = ceilDiv(encoded.columns, encoded.blockColumns);
  std::vector<float> scales(partRows * partColumns, 1), offsets(partRows * partColumns, 0);
  if (encoded.scale) dequantize(*format.scale, *encoded.scale, scales);
  if (encoded.offset) dequantize(*format.offset, *encoded.offset, offsets);
  for (int64_t row = 0; row < encoded.rows; ++row)
    for (int64_t column = 0; column < encoded.columns; ++column) {
      size_t part = row / encoded.blockRows * partColumns + column / encoded.blockColumns;
      size_t index = row * encoded.columns + column;
      out[index] = scales[part] * valueOf(format, encoded, index) + offsets[part];
    }
}

} // namespace lathe

#include "Weights/Nodes.h"

#include <algorithm>

using namespace lathe;

Status ConcatNode::read(int64_t first, int64_t count, std::span<float> out) const {
  int64_t start = 0;
  if (vector_) {
    for (auto &part : parts_) {
      LATHE_TRY(part->read(0, 1, out.subspan(start, part->columns())));
      start += part->columns();
    }
    return {};
  }
  for (auto &part : parts_) {
    int64_t from = std::max(first, start), to = std::min(first + count, start + part->rows());
    if (from < to)
      LATHE_TRY(part->read(from - start, to - from, out.subspan((from - first) * columns(), (to - from) * columns())));
    start += part->rows();
  }
  return {};
}

Status TransposeNode::prepare(unsigned) {
  std::vector<float> stored(rows() * columns());
  LATHE_TRY(of_->read(0, of_->rows(), stored));
  whole_.resize(stored.size());
  for (int64_t row = 0; row < rows(); ++row)
    for (int64_t column = 0; column < columns(); ++column) whole_[row * columns() + column] = stored[column * rows() + row];
  return {};
}

Status TransposeNode::read(int64_t first, int64_t count, std::span<float> out) const {
  std::copy_n(whole_.begin() + first * columns(), count * columns(), out.begin());
  return {};
}

Status RowsNode::read(int64_t first, int64_t count, std::span<float> out) const {
  // A range of a vector lies within its one row.
  if (of_->rows() == 1 && rows() == 1 && of_->columns() != columns()) {
    std::vector<float> whole(of_->columns());
    LATHE_TRY(of_->read(0, 1, whole));
    std::copy_n(whole.begin() + first_, columns(), out.begin());
    return {};
  }
  return of_->read(first_ + first, count, out);
}

Status ScaleColumnsNode::read(int64_t first, int64_t count, std::span<float> out) const {
  std::vector<float> scale(columns());
  LATHE_TRY(scale_->read(0, 1, scale));
  LATHE_TRY(of_->read(first, count, out));
  for (int64_t row = 0; row < count; ++row)
    for (int64_t column = 0; column < columns(); ++column) out[row * columns() + column] *= scale[column];
  return {};
}

Status DifferenceNode::read(int64_t first, int64_t count, std::span<float> out) const {
  std::vector<float> right(count * columns());
  LATHE_TRY(right_->read(first, count, right));
  LATHE_TRY(left_->read(first, count, out));
  for (size_t i = 0; i < right.size(); ++i) out[i] -= right[i];
  return {};
}

int64_t QuantizeNode::independentRows() const {
  bool blocks = format_->scale || format_->offset;
  if (!blocks) return 1;
  // A scale of scales may group rows, too; only encodings whose every level has one row a block are cut.
  for (const Format *level = format_.get(); level; level = level->scale.get())
    if ((level->scale || level->offset) && level->blockRows != 1) return rows();
  for (const Format *level = format_->offset.get(); level; level = level->scale.get())
    if ((level->scale || level->offset) && level->blockRows != 1) return rows();
  return 1;
}

Result<Encoded> QuantizeNode::encode(int64_t first, int64_t count, std::vector<float> &dense) const {
  dense.resize(count * columns());
  LATHE_TRY(of_->read(first, count, dense));
  for (float value : dense)
    if (!(value - value == 0)) return Status(Code::Corrupt, "a weight is not finite (NaN or infinity)");
  return quantize(*format_, dense, count, columns(), clip_);
}

Status QuantizeNode::read(int64_t first, int64_t count, std::span<float> out) const {
  int64_t unit = independentRows();
  int64_t from = first / unit * unit, to = std::min(rows(), (first + count + unit - 1) / unit * unit);
  std::vector<float> dense;
  Result<Encoded> encoded = encode(from, to - from, dense);
  if (!encoded.ok()) return encoded.status();
  dequantize(*format_, *encoded, dense);
  std::copy_n(dense.begin() + (first - from) * columns(), count * columns(), out.begin());
  return {};
}

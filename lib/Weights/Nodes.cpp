#include "Weights/Nodes.h"

#include "Weights/Threads.h"

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
      LATHE_TRY(part->read(from - start, to - from,
                           out.subspan((from - first) * columns(), (to - from) * columns())));
    start += part->rows();
  }
  return {};
}

Status TransposeNode::prepare(unsigned threads) {
  whole_.resize(rows() * columns());
  constexpr int64_t kStripe = 64;
  int64_t stripes = (columns() + kStripe - 1) / kStripe;
  return forEach(stripes, threads, [&](int64_t stripe) -> Status {
    int64_t first = stripe * kStripe, count = std::min(kStripe, columns() - first);
    std::vector<float> stored(count * rows());
    LATHE_TRY(of_->read(first, count, stored));
    for (int64_t row = 0; row < rows(); ++row)
      for (int64_t i = 0; i < count; ++i) whole_[row * columns() + first + i] = stored[i * rows() + row];
    return {};
  });
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

Result<Encoded> QuantizeNode::encode(int64_t first, int64_t count, std::vector<float> &dense) const {
  dense.resize(count * columns());
  LATHE_TRY(of_->read(first, count, dense));
  if (!allFinite(dense)) return Status(Code::Corrupt, "a weight is not finite (NaN or infinity)");
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

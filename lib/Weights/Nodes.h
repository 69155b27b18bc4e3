// One node per weight op.
#pragma once

#include "Weights/Expression.h"

namespace lathe {

class ParamNode final : public WeightNode {
public:
  ParamNode(int64_t rows, int64_t columns, ParamTensor tensor)
      : WeightNode(rows, columns), tensor_(std::move(tensor)) {}
  Status read(int64_t first, int64_t count, std::span<float> out) const override {
    return tensor_.read(uint64_t(first) * columns(), out);
  }

private:
  ParamTensor tensor_;
};

/// Matrices on top of each other, or vectors end to end.
class ConcatNode final : public WeightNode {
public:
  ConcatNode(WeightType type, llvm::SmallVector<std::shared_ptr<WeightNode>> parts)
      : WeightNode(type.getRows(), type.getColumns()), vector_(type.isVector()), parts_(std::move(parts)) {}
  Status read(int64_t first, int64_t count, std::span<float> out) const override;

private:
  bool vector_;
  llvm::SmallVector<std::shared_ptr<WeightNode>> parts_;
};

class TransposeNode final : public WeightNode {
public:
  explicit TransposeNode(std::shared_ptr<WeightNode> of)
      : WeightNode(of->columns(), of->rows()), of_(std::move(of)) {}
  /// Holds the whole: a column of a checkpoint's tensor touches every page of it.
  Status prepare(unsigned threads) override;
  Status read(int64_t first, int64_t count, std::span<float> out) const override;

private:
  std::shared_ptr<WeightNode> of_;
  std::vector<float> whole_;
};

class RowsNode final : public WeightNode {
public:
  RowsNode(WeightType type, std::shared_ptr<WeightNode> of, int64_t first)
      : WeightNode(type.getRows(), type.getColumns()), of_(std::move(of)), first_(first) {}
  Status read(int64_t first, int64_t count, std::span<float> out) const override;

private:
  std::shared_ptr<WeightNode> of_;
  int64_t first_;
};

class ScaleColumnsNode final : public WeightNode {
public:
  ScaleColumnsNode(std::shared_ptr<WeightNode> of, std::shared_ptr<WeightNode> scale)
      : WeightNode(of->rows(), of->columns()), of_(std::move(of)), scale_(std::move(scale)) {}
  Status read(int64_t first, int64_t count, std::span<float> out) const override;

private:
  std::shared_ptr<WeightNode> of_, scale_;
};

class DifferenceNode final : public WeightNode {
public:
  DifferenceNode(std::shared_ptr<WeightNode> left, std::shared_ptr<WeightNode> right)
      : WeightNode(left->rows(), left->columns()), left_(std::move(left)), right_(std::move(right)) {}
  Status read(int64_t first, int64_t count, std::span<float> out) const override;

private:
  std::shared_ptr<WeightNode> left_, right_;
};

class QuantizeNode final : public WeightNode {
public:
  QuantizeNode(std::shared_ptr<WeightNode> of, std::shared_ptr<Format> format, bool clip)
      : WeightNode(of->rows(), of->columns()), of_(std::move(of)), format_(std::move(format)), clip_(clip) {}
  Status read(int64_t first, int64_t count, std::span<float> out) const override;

  /// The fewest rows that can be quantized without the others.
  int64_t independentRows() const { return lathe::independentRows(*format_, rows()); }
  /// Rows [first, first + count), which start at a multiple of independentRows(), as codes. `dense` (may be
  /// empty) receives what they were before.
  Result<Encoded> encode(int64_t first, int64_t count, std::vector<float> &dense) const;
  const Format &format() const { return *format_; }
  const QuantizeNode *asQuantized() const override { return this; }

private:
  std::shared_ptr<WeightNode> of_;
  std::shared_ptr<Format> format_;
  bool clip_;
};

} // namespace lathe

// Weight expressions, ready to be evaluated: each node means a dense f32 matrix and gives out any rows of it.
#pragma once

#include "Weights/FormatOf.h"
#include "Weights/ParamSource.h"

#include "llvm/ADT/DenseMap.h"

namespace lathe {

/// A vector is a matrix of one row.
class WeightNode {
public:
  WeightNode(int64_t rows, int64_t columns) : rows_(rows), columns_(columns) {}
  virtual ~WeightNode() = default;
  int64_t rows() const { return rows_; }
  int64_t columns() const { return columns_; }

  /// What must be known of the whole before any rows can be had: a threshold, an SVD. Called once, before
  /// read().
  virtual Status prepare(unsigned threads) { return {}; }
  /// Rows [first, first + count) into `out`, row-major. Threads may call it at once.
  virtual Status read(int64_t first, int64_t count, std::span<float> out) const = 0;

  /// This node where it rounds to codes that can be stored as they are; null otherwise.
  virtual const class QuantizeNode *asQuantized() const { return nullptr; }

private:
  int64_t rows_, columns_;
};

/// Builds nodes for values of weight type, each op once, so that shared parts are computed once.
class ExpressionBuilder {
public:
  explicit ExpressionBuilder(const ParamSource &params) : params_(params) {}
  /// The node of a value; fails with a diagnostic at the op that can't be evaluated.
  mlir::FailureOr<std::shared_ptr<WeightNode>> build(mlir::Value value);
  /// Prepares every node built so far that has not been, operands before users.
  Status prepare(unsigned threads);

private:
  mlir::FailureOr<std::shared_ptr<WeightNode>> create(mlir::OpResult value);
  mlir::FailureOr<std::shared_ptr<WeightNode>> createParam(ParamOp op);

  std::shared_ptr<WeightNode> createFactor(LowRankOp op, mlir::Value result,
                                           std::shared_ptr<WeightNode> operand);

  const ParamSource &params_;
  llvm::DenseMap<mlir::Value, std::shared_ptr<WeightNode>> nodes_;
  llvm::DenseMap<mlir::Operation *, std::shared_ptr<class LowRankFactors>> factors_;
  std::vector<std::shared_ptr<WeightNode>> unprepared_;
};

} // namespace lathe

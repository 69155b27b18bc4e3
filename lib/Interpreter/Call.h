// One call of a function: what each SSA value holds, and how each op computes it.
#pragma once

#include "Interpreter/Interpreter.h"

namespace lathe::interpreter {

class Call {
public:
  Call(Interpreter &interpreter, const Batch &batch) : interpreter_(interpreter), batch_(batch) {}
  void define(mlir::Value value, Datum datum) { data_[value] = std::move(datum); }
  /// Runs a block and gives what its terminator returns.
  mlir::FailureOr<std::vector<Datum>> execute(mlir::Block &block);

private:
  mlir::LogicalResult execute(mlir::Operation *op);
  mlir::LogicalResult executePointwise(mlir::Operation *op);
  mlir::LogicalResult execute(EmbeddingOp op);
  mlir::LogicalResult execute(LinearOp op);
  mlir::LogicalResult execute(SplitOp op);
  mlir::LogicalResult execute(CacheWriteOp op);
  mlir::LogicalResult execute(AttentionOp op);
  mlir::LogicalResult execute(DecayScanOp op);
  mlir::LogicalResult execute(DispatchOp op);

  mlir::LogicalResult checkRows(mlir::Operation *op);
  const Rows &rows(mlir::Value value) { return std::get<Rows>(data_.at(value)); }
  const Weight &weight(mlir::Value value) { return *std::get<std::shared_ptr<const Weight>>(data_.at(value)); }
  /// Defines rows in the element type of the value.
  mlir::LogicalResult give(mlir::Value value, Rows rows);

  Interpreter &interpreter_;
  const Batch &batch_;
  llvm::DenseMap<mlir::Value, Datum> data_;
};

} // namespace lathe::interpreter

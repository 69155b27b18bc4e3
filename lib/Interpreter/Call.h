// One call of a function or a kernel: what each SSA value holds, and how each op computes it.
#pragma once

#include "Interpreter/Operations.h"
#include "Interpreter/Weights.h"

#include <functional>
#include <variant>

namespace lathe::interpreter {

/// What an SSA value holds; the batch is one for the whole call.
struct TheBatch {};
using Datum = std::variant<TheBatch, Rows, Indices, QuantizedRows, std::shared_ptr<const Weight>>;

/// What sequences remember between calls, by the symbol of the state.
struct SequenceStates {
  std::map<std::string, Cache> caches;
  std::map<std::string, FixedStates> fixed;
};

using Observer = std::function<void(mlir::Value, const Rows &)>;

/// Rows of a slot stand together, at consecutive positions; outputs are rows, in order. Emits an error at
/// `loc` if not.
mlir::LogicalResult checkBatch(const Batch &batch, mlir::Location loc);

class Call {
public:
  Call(WeightEvaluator &weights, SequenceStates &states, const Batch &batch,
       const Observer &observe = nullptr)
      : weights_(weights), states_(states), batch_(batch), observe_(observe) {}
  /// In a kernel, `name` stands for the state `symbol`; in a function states are looked up by their own
  /// names.
  void bindState(const std::string &name, std::string symbol, StateType type) {
    bound_[name] = {std::move(symbol), type};
  }
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
  const Weight &weight(mlir::Value value) {
    return *std::get<std::shared_ptr<const Weight>>(data_.at(value));
  }
  /// Defines rows in the element type of the value.
  mlir::LogicalResult give(mlir::Value value, Rows rows);

  struct BoundState {
    std::string symbol;
    StateType type;
  };
  BoundState state(mlir::Operation *op, mlir::FlatSymbolRefAttr name);

  WeightEvaluator &weights_;
  SequenceStates &states_;
  const Batch &batch_;
  Observer observe_;
  std::map<std::string, BoundState> bound_;
  llvm::DenseMap<mlir::Value, Datum> data_;
};

} // namespace lathe::interpreter

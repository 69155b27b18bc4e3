// Runs functions of the model level, op by op. The judge of every back end and every pass: slow and obvious.
#pragma once

#include "Interpreter/Call.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"

namespace lathe::interpreter {

class Interpreter {
public:
  /// Both must outlive it; the module must not change while it lives (weights are evaluated once).
  Interpreter(mlir::ModuleOp module, const ParamSource &params) : module_(module), weights_(params) {}

  /// Runs an entry point, a result of a function whose one argument is the batch. Sequence states
  /// persist from call to call: a later batch goes on at later positions of its slots, or again at earlier
  /// ones. Failures emit a diagnostic: no such entry point, a batch that is inconsistent, a token beyond the
  /// table.
  mlir::FailureOr<Rows> run(llvm::StringRef entry, const Batch &batch);

  /// Runs any function of lathe ops, with one datum an argument.
  mlir::FailureOr<std::vector<Datum>> call(mlir::func::FuncOp function, llvm::ArrayRef<Datum> arguments,
                                           const Batch &batch);

  /// Forgets the states of all sequences.
  void reset() { states_ = {}; }

  /// Sees every set of rows that is computed, in order.
  Observer observe;

private:
  mlir::ModuleOp module_;
  WeightEvaluator weights_;
  SequenceStates states_;
};

} // namespace lathe::interpreter

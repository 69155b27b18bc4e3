// Runs programs of the exec level: the dispatches of an entry point, one after another, over a real arena. A
// kernel means what its body means; what this adds to the model level is the plan - offsets, strides, what
// overwrites what.
#pragma once

#include "Exec/ExecDialect.h"
#include "Interpreter/Call.h"

namespace lathe::interpreter {

/// The arena's bytes. Unwritten memory is NaN, so that a read of it shows.
class Arena {
public:
  explicit Arena(int64_t bytes) : bytes_(bytes, 0xff) {}
  /// Whether `rows` rows from `offset` on lie within it.
  bool holds(exec::SliceType slice, int64_t offset, int64_t rows) const;
  /// Rows or QuantizedRows, as the slice's type says.
  Datum read(exec::SliceType slice, int64_t offset, int64_t rows) const;
  void write(exec::SliceType slice, int64_t offset, const Datum &datum);

private:
  std::vector<uint8_t> bytes_;
};

class ProgramInterpreter {
public:
  /// Both must outlive it; the program must not change while it lives.
  ProgramInterpreter(exec::ProgramOp program, const ParamSource &params)
      : program_(program), weights_(params) {}

  /// Runs an entry point and gives the rows of its result. Sequence states persist, as in Interpreter::run.
  /// Failures emit a diagnostic: no such entry point, more rows than the program is made for, a slice outside
  /// the arena.
  mlir::FailureOr<Rows> run(llvm::StringRef entry, const Batch &batch);

private:
  struct Placed {
    exec::SliceType type;
    int64_t offset;
  };
  mlir::LogicalResult dispatch(exec::DispatchOp op, const Batch &batch, Arena &arena);
  mlir::FailureOr<Datum> input(exec::DispatchOp op, mlir::Value value, const Batch &batch,
                               const Arena &arena);
  mlir::FailureOr<Placed> placed(mlir::Operation *op, mlir::Value value, const Batch &batch,
                                 const Arena &arena);

  exec::ProgramOp program_;
  WeightEvaluator weights_;
  SequenceStates states_;
};

} // namespace lathe::interpreter

#include "Interpreter/Interpreter.h"

#include "Interpreter/Call.h"

using namespace mlir;

namespace lathe::interpreter {

/// Rows of a slot stand together, at consecutive positions; outputs are rows, in order.
static LogicalResult checkBatch(const Batch &batch, Location loc) {
  int64_t rows = batch.size();
  if (int64_t(batch.positions.size()) != rows || int64_t(batch.slots.size()) != rows)
    return emitError(loc, "the batch needs a token, a position and a slot for each row");
  std::set<int32_t> seen;
  for (int64_t m = 0; m < rows; ++m) {
    if (batch.positions[m] < 0) return emitError(loc, "row ") << m << " has the negative position " << batch.positions[m];
    if (m > 0 && batch.slots[m] == batch.slots[m - 1]) {
      if (batch.positions[m] != batch.positions[m - 1] + 1)
        return emitError(loc, "row ") << m << " is at position " << batch.positions[m] << " of its slot, after position "
                                      << batch.positions[m - 1];
    } else if (!seen.insert(batch.slots[m]).second) {
      return emitError(loc, "the rows of slot ") << batch.slots[m] << " don't stand together";
    }
  }
  for (size_t i = 0; i < batch.outputs.size(); ++i)
    if (batch.outputs[i] < (i ? batch.outputs[i - 1] + 1 : 0) || batch.outputs[i] >= rows)
      return emitError(loc, "outputs must be row numbers in ascending order, got ") << batch.outputs[i];
  return success();
}

FailureOr<std::vector<Datum>> Interpreter::call(func::FuncOp function, ArrayRef<Datum> arguments, const Batch &batch) {
  if (failed(checkBatch(batch, function.getLoc()))) return failure();
  if (function.isDeclaration() || function.getNumArguments() != arguments.size())
    return function.emitError("takes ") << function.getNumArguments() << " arguments, got " << arguments.size();
  Call call(*this, batch);
  for (auto [argument, datum] : llvm::zip(function.getArguments(), arguments)) call.define(argument, datum);
  return call.execute(function.getBody().front());
}

FailureOr<Rows> Interpreter::run(StringRef entry, const Batch &batch) {
  auto function = module_.lookupSymbol<func::FuncOp>(entry);
  if (!function) return module_.emitError("has no entry point @") << entry;
  FailureOr<std::vector<Datum>> results = call(function, {TheBatch()}, batch);
  if (failed(results)) return failure();
  if (results->size() != 1 || !std::holds_alternative<Rows>(results->front()))
    return function.emitError("is no entry point: it does not give one set of rows");
  return std::get<Rows>(std::move(results->front()));
}

void Interpreter::reset() {
  caches_.clear();
  fixedStates_.clear();
}

} // namespace lathe::interpreter

#include "Interpreter/Interpreter.h"

using namespace mlir;

namespace lathe::interpreter {

FailureOr<std::vector<Datum>> Interpreter::call(func::FuncOp function, ArrayRef<Datum> arguments,
                                                const Batch &batch) {
  if (failed(checkBatch(batch, function.getLoc()))) return failure();
  if (function.isDeclaration() || function.getNumArguments() != arguments.size())
    return function.emitError("takes ")
           << function.getNumArguments() << " arguments, got " << arguments.size();
  Call call(weights_, states_, batch, observe);
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

} // namespace lathe::interpreter

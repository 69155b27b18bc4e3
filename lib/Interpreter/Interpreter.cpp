#include "Interpreter/Interpreter.h"

#include "Lathe/EntryPoints.h"

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
  auto [function, result] = findEntryPoint(module_, entry);
  if (!function) return module_.emitError("has no entry point @") << entry;
  FailureOr<std::vector<Datum>> results = call(function, {TheBatch()}, batch);
  if (failed(results)) return failure();
  if (!std::holds_alternative<Rows>((*results)[result]))
    return function.emitError("is no entry point: it does not give rows");
  return std::get<Rows>(std::move((*results)[result]));
}

} // namespace lathe::interpreter

#include "Lower/InPlace.h"

using namespace mlir;
using namespace lathe;

static bool isElementWise(Operation *op) {
  auto fusable = dyn_cast<FusableOpInterface>(op);
  return fusable && fusable.getLocality() == Locality::Element;
}

static bool reaches(Value from, Value to) {
  if (from == to) return true;
  return llvm::any_of(from.getUsers(), [&](Operation *user) {
    return isElementWise(user) && reaches(user->getResult(0), to);
  });
}

bool lathe::canWriteInPlace(exec::KernelOp kernel, unsigned argument, unsigned output) {
  Block &body = kernel.getBody().front();
  Value input = body.getArgument(argument), result = body.getTerminator()->getOperand(output);
  // Outputs that several phases of a kernel write can't stand where an input is still read.
  for (Operation &op : body.without_terminator())
    if (!isElementWise(&op) && !isa<LinearOp, EmbeddingOp, TokensOp, PositionsOp>(op)) return false;
  for (Operation *user : input.getUsers())
    if (!isElementWise(user)) return false;
  return input != result && input.getType() == result.getType() && reaches(input, result);
}

#include "Compiler/Numerics.h"

#include "llvm/ADT/StringExtras.h"

#include <set>

using namespace mlir;
using namespace lathe;

static std::string typeName(Type type) {
  std::string text;
  llvm::raw_string_ostream(text) << type;
  return text;
}

/// "int8 x int4 in groups of 64" of a product of integers; empty for any other.
static std::string integerProduct(LinearOp op) {
  auto rows = cast<RankedTensorType>(op.getInput().getType());
  auto quantized = dyn_cast_or_null<QuantizedRowsAttr>(rows.getEncoding());
  if (!quantized) return "";
  unsigned bits = cast<WeightType>(op.getWeights().front().getType()).getEncoding().getCodeBits();
  return "int8 x int" + std::to_string(bits) + " in groups of " + std::to_string(quantized.getGroup());
}

std::string lathe::describeNumerics(exec::ProgramOp program) {
  std::set<std::string> activations, products, caches;
  bool floats = false;
  program.walk([&](LinearOp op) {
    std::string product = integerProduct(op);
    floats |= product.empty();
    if (!product.empty()) products.insert(product);
  });
  program.walk([&](exec::SliceOp op) {
    exec::SliceType slice = op.getResult().getType();
    if (!slice.getGroup()) activations.insert(typeName(slice.getElementType()));
  });
  for (auto state : program.getBody().getOps<exec::StateOp>())
    caches.insert(typeName(cast<StateType>(state.getType()).getElementType()));
  std::string text = "activations " + llvm::join(activations, ", ");
  if (products.empty())
    text += "; products f32";
  else
    text += "; products " + llvm::join(products, ", ") + " with i32 sums" + (floats ? ", f32 otherwise" : "");
  if (!caches.empty()) text += "; cache " + llvm::join(caches, ", ");
  return text;
}

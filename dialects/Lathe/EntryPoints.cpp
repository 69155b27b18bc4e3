#include "Lathe/EntryPoints.h"

using namespace mlir;

static constexpr llvm::StringLiteral kEntryAttribute = "lathe.entry";

StringAttr lathe::entryName(func::FuncOp function, unsigned result) {
  if (result == 0) return function.getSymNameAttr();
  return function.getResultAttrOfType<StringAttr>(result, kEntryAttribute);
}

void lathe::setEntryName(func::FuncOp function, unsigned result, StringRef name) {
  if (result == 0)
    function.setSymName(name);
  else
    function.setResultAttr(result, kEntryAttribute, StringAttr::get(function.getContext(), name));
}

lathe::EntryPoint lathe::findEntryPoint(ModuleOp module, StringRef name) {
  for (auto function : module.getOps<func::FuncOp>())
    for (unsigned result = 0; result < function.getNumResults(); ++result)
      if (StringAttr own = entryName(function, result); own && own == name) return {function, result};
  return {};
}

// What a model can be asked for: each result of its functions is an entry point.
#pragma once

#include "mlir/Dialect/Func/IR/FuncOps.h"

namespace lathe {

/// The name of the entry point that gives a result of `function`: its own for the first, the attribute
/// `lathe.entry` of the result for others. Null where a later result has none.
mlir::StringAttr entryName(mlir::func::FuncOp function, unsigned result);
void setEntryName(mlir::func::FuncOp function, unsigned result, llvm::StringRef name);

struct EntryPoint {
  mlir::func::FuncOp function; ///< null: there is none
  unsigned result = 0;
};
/// The entry point of a name.
EntryPoint findEntryPoint(mlir::ModuleOp module, llvm::StringRef name);

} // namespace lathe

// Element types by the names that options use.
#pragma once

#include "mlir/IR/BuiltinTypes.h"

namespace lathe {

/// The float type of that name; null where there is none.
inline mlir::Type parseElementType(mlir::MLIRContext *context, llvm::StringRef name) {
  if (name == "f32") return mlir::Float32Type::get(context);
  if (name == "bf16") return mlir::BFloat16Type::get(context);
  if (name == "f16") return mlir::Float16Type::get(context);
  return {};
}

} // namespace lathe

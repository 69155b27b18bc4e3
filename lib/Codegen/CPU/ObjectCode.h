// From the LLVM dialect to one relocatable object: LLVM's optimizer and code generator as a library.
#pragma once

#include "Codegen/CPU/CpuVariant.h"

#include "mlir/IR/BuiltinOps.h"

#include <string>

namespace lathe {

struct ObjectCode {
  llvm::SmallVector<char, 0> bytes;   ///< ELF
  std::string llvmText, assemblyText; ///< where asked for
};

/// Compiles a module of the LLVM dialect. Safe on several threads; errors are diagnostics at the module.
llvm::FailureOr<ObjectCode> compileObject(mlir::ModuleOp module, const CpuVariant &variant, bool keepLLVM,
                                          bool keepAssembly);

} // namespace lathe

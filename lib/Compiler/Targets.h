// What a program can be compiled for. A new target is its folder in lib/Codegen and a line in Targets.cpp.
#pragma once

#include "Codegen/Kernel/ProgramCode.h"
#include "Exec/ExecDialect.h"

#include <string>
#include <vector>

namespace lathe {

/// A kind of device.
struct CompileTarget {
  llvm::StringRef name; ///< "cpu", as exec.program names it
  bool showsLlvm;       ///< whether it fills CodegenTexts::llvm
  /// Its variants' names, all of which are compiled unless some are asked for.
  std::vector<llvm::StringRef> (*variants)();
  llvm::FailureOr<ProgramCode> (*compile)(exec::ProgramOp program, llvm::ArrayRef<llvm::StringRef> variants,
                                          const CodegenTexts &texts);
};

llvm::ArrayRef<CompileTarget> compileTargets();

/// The target of that name, or nullptr.
const CompileTarget *findCompileTarget(llvm::StringRef name);

/// "cpu, vulkan, cuda".
std::string compileTargetNames();

} // namespace lathe

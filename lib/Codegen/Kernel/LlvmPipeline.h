// LLVM's optimizer as kernels want it, whatever the back end.
#pragma once

#include "llvm/IR/Module.h"
#include "llvm/Support/CodeGen.h"
#include "llvm/Target/TargetMachine.h"

namespace lathe {

/// Optimizes kernels, which come as vectors already: no vectorizer runs. Library functions are not known to it,
/// since no library stands behind a kernel. `unroll`: whether loops may be unrolled.
void optimizeKernels(llvm::Module &module, llvm::TargetMachine &machine, bool unroll);

/// Writes the machine's code or its text behind `bytes`; false where the back end can't.
bool emitKernels(llvm::Module &module, llvm::TargetMachine &machine, llvm::CodeGenFileType kind,
                 llvm::SmallVectorImpl<char> &bytes);

} // namespace lathe

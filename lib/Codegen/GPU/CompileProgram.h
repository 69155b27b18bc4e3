// From an exec.program to PTX or SPIR-V: every kernel, for every variant of one target.
#pragma once

#include "Codegen/GPU/GpuVariant.h"
#include "Codegen/Kernel/ProgramCode.h"

namespace lathe {

/// Compiles all kernels of `program` for `variants` (names), on the threads of its MLIRContext; the bytes do
/// not depend on their number. An image is what fb::Variant says of its arch. A variant whose code is that of
/// one before it is left out: what it may use, this program does not. Errors are diagnostics at the op that
/// can't be compiled. Call it on the thread that owns the context.
llvm::FailureOr<ProgramCode> compileGpuProgram(exec::ProgramOp program, llvm::ArrayRef<llvm::StringRef> variants,
                                               const CodegenTexts &texts = {});

} // namespace lathe

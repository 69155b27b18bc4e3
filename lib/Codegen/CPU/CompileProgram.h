// From an exec.program to machine code: every kernel, for every variant, as flat images.
#pragma once

#include "Codegen/CPU/CpuVariant.h"
#include "Codegen/Kernel/ProgramCode.h"

namespace lathe {

/// Compiles all kernels of `program` for `variants` (names), on the threads of its MLIRContext; the bytes do
/// not depend on their number. Errors are diagnostics at the op that can't be compiled. Loads the dialects it
/// needs into the context: call it on the thread that owns the context.
/// Images are read-only, executable at any 64-byte aligned address, without relocations; entries are offsets.
llvm::FailureOr<ProgramCode> compileCpuProgram(exec::ProgramOp program, llvm::ArrayRef<llvm::StringRef> variants,
                                               const CodegenTexts &texts = {});

/// The variant of that name as `program` needs it, or nullptr.
const CpuVariant *findCpuVariant(exec::ProgramOp program, llvm::StringRef name);

/// A part of it: the functions of one kernel for one variant at the builder's place, as "<kernel>.c<class>".
llvm::LogicalResult emitKernel(mlir::OpBuilder &builder, exec::KernelOp kernel,
                               llvm::ArrayRef<KernelClass> classes, const CpuVariant &variant);

/// Registers --lathe-cpu-kernels.
void registerCpuCodegenPasses();

} // namespace lathe

// From an exec.program to machine code: every kernel, for every variant, as flat images.
#pragma once

#include "Codegen/CPU/CpuVariant.h"
#include "Codegen/Kernel/KernelEmitter.h"

#include <string>
#include <vector>

namespace lathe {

/// The image of one variant: read-only, executable at any 64-byte aligned address, without relocations.
struct CpuVariantCode {
  const CpuVariant *variant = nullptr;
  std::vector<char> image;
  std::vector<uint64_t> entries; ///< offset of every (kernel, class), kernel-major
};

struct CpuProgramCode {
  std::vector<PlannedKernel> kernels;
  std::vector<CpuVariantCode> variants; ///< in the order asked for
};

/// Which texts to keep of what lies between.
struct CpuCodegenOptions {
  std::string *kernels = nullptr; ///< vector, scf, arith: what the emitters produce
  std::string *llvm = nullptr;    ///< LLVM IR, optimized
  std::string *assembly = nullptr;
};

/// Compiles all kernels of `program` for `variants` (names), on the threads of its MLIRContext; the bytes do
/// not depend on their number. Errors are diagnostics at the op that can't be compiled. Loads the dialects it
/// needs into the context: call it on the thread that owns the context.
llvm::FailureOr<CpuProgramCode> compileCpuProgram(exec::ProgramOp program,
                                                  llvm::ArrayRef<llvm::StringRef> variants,
                                                  const CpuCodegenOptions &options = {});

/// The variant of that name as `program` needs it, or nullptr.
const CpuVariant *findCpuVariant(exec::ProgramOp program, llvm::StringRef name);

/// A part of it: the functions of one kernel for one variant at the builder's place, as "<kernel>.c<class>".
llvm::LogicalResult emitKernel(mlir::OpBuilder &builder, exec::KernelOp kernel,
                               llvm::ArrayRef<KernelClass> classes, const CpuVariant &variant);

/// Registers --lathe-cpu-kernels.
void registerCpuCodegenPasses();

} // namespace lathe

// lathe-opt: parses IR of any phase, runs passes, prints the result.
#include "../LlvmOptions.h"
#include "../Registration.h"

#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/Tools/mlir-opt/MlirOptMain.h"

int main(int argc, char **argv) {
  lathe::hideLlvmOptions();
  mlir::DialectRegistry registry;
  lathe::registerToolDialects(registry);
  // What kernels for GPUs are written in, to be lowered further.
  registry.insert<mlir::gpu::GPUDialect, mlir::LLVM::LLVMDialect, mlir::memref::MemRefDialect,
                  mlir::scf::SCFDialect, mlir::vector::VectorDialect>();
  lathe::registerToolPasses();
  return mlir::asMainReturnCode(mlir::MlirOptMain(argc, argv, "Lathe optimizer driver\n", registry));
}

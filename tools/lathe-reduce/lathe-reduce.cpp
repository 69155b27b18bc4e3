// lathe-reduce: makes IR that shows a bug as small as it can be.
//
//   lathe-reduce big.mlir -reduction-tree='traversal-mode=0 test=still-fails.sh'
#include "../LlvmOptions.h"
#include "../Registration.h"

#include "mlir/Reducer/Passes.h"
#include "mlir/Tools/mlir-reduce/MlirReduceMain.h"

int main(int argc, char **argv) {
  lathe::hideLlvmOptions();
  lathe::registerToolPasses();
  mlir::DialectRegistry registry;
  lathe::registerToolDialects(registry);
  mlir::MLIRContext context(registry);
  return mlir::failed(mlir::mlirReduceMain(argc, argv, context));
}

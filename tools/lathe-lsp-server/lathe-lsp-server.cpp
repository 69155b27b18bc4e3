// lathe-lsp-server: diagnostics, definitions and completion for .mlir files in editors (Language Server Protocol).
#include "../LlvmOptions.h"
#include "../Registration.h"

#include "mlir/Tools/mlir-lsp-server/MlirLspServerMain.h"

int main(int argc, char **argv) {
  lathe::hideLlvmOptions();
  mlir::DialectRegistry registry;
  lathe::registerToolDialects(registry);
  return mlir::failed(mlir::MlirLspServerMain(argc, argv, registry));
}

// lathe-translate: from the files of others to IR.
//
//   lathe-translate --import-checkpoint FOLDER/config.json | lathe-opt ...
#include "../LlvmOptions.h"
#include "Import/Import.h"
#include "Lathe/LatheDialect.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/Diagnostics.h"
#include "mlir/Tools/mlir-translate/MlirTranslateMain.h"
#include "mlir/Tools/mlir-translate/Translation.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/SourceMgr.h"

using namespace mlir;

static OwningOpRef<Operation *> importFolder(llvm::SourceMgr &sources, MLIRContext *context) {
  StringRef file = sources.getMemoryBuffer(sources.getMainFileID())->getBufferIdentifier();
  Location loc = FileLineColLoc::get(context, file, 0, 0);
  if (llvm::sys::path::filename(file) != "config.json") {
    emitError(loc, "expected the config.json of a Hugging Face folder");
    return {};
  }
  StringRef folder = llvm::sys::path::parent_path(file);
  auto checkpoint = lathe::Checkpoint::open(folder.empty() ? "." : folder.str());
  if (!checkpoint) {
    emitError(loc, checkpoint.status().message());
    return {};
  }
  auto module = lathe::importCheckpoint(*checkpoint, *context);
  if (!module) {
    emitError(loc, module.status().message());
    return {};
  }
  return OwningOpRef<Operation *>(module->release());
}

int main(int argc, char **argv) {
  lathe::hideLlvmOptions();
  TranslateToMLIRRegistration import(
      "import-checkpoint", "the model of a Hugging Face folder, given as FOLDER/config.json", importFolder,
      [](DialectRegistry &registry) { registry.insert<lathe::LatheDialect, func::FuncDialect>(); });
  return failed(mlirTranslateMain(argc, argv, "Lathe translation driver"));
}

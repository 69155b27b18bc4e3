#include "Codegen/GPU/ToPtx.h"

#include "Codegen/GPU/GpuContext.h"
#include "Codegen/GPU/NvvmLowering.h"
#include "Codegen/Kernel/LlvmPipeline.h"

#include "mlir/IR/Diagnostics.h"
#include "mlir/Target/LLVMIR/Export.h"
#include "llvm/IR/DiagnosticInfo.h"
#include "llvm/IR/DiagnosticPrinter.h"
#include "llvm/IR/InstIterator.h"
#include "llvm/IR/Instructions.h"
#include "llvm/IR/Module.h"
#include "llvm/MC/TargetRegistry.h"
#include "llvm/Support/TargetSelect.h"
#include "llvm/Target/TargetMachine.h"
#include "llvm/Target/TargetOptions.h"

#include <mutex>

using namespace mlir;

namespace lathe {

static constexpr llvm::StringLiteral kTriple = "nvptx64-nvidia-cuda";

static std::unique_ptr<llvm::TargetMachine> createMachine(const GpuVariant &variant, std::string &error) {
  static std::once_flag once;
  std::call_once(once, [] {
    LLVMInitializeNVPTXTargetInfo();
    LLVMInitializeNVPTXTarget();
    LLVMInitializeNVPTXTargetMC();
    LLVMInitializeNVPTXAsmPrinter();
  });
  llvm::Triple triple(kTriple);
  const llvm::Target *target = llvm::TargetRegistry::lookupTarget(triple, error);
  if (!target) return nullptr;
  llvm::TargetOptions options;
  // Numerics are the artifact's: a product and a sum are fused only where the program says so. The back end
  // then writes mul.rn and add.rn, which ptxas and the driver leave as they are.
  options.AllowFPOpFusion = llvm::FPOpFusion::Strict;
  return std::unique_ptr<llvm::TargetMachine>(
      target->createTargetMachine(triple, variant.name, variant.ptxVersion, options, std::nullopt,
                                  std::nullopt, llvm::CodeGenOptLevel::Default));
}

/// A kernel stands alone: whatever it calls must be an instruction.
static LogicalResult checkAlone(gpu::GPUModuleOp source, const llvm::Module &module) {
  for (const llvm::Function &function : module)
    if (function.isDeclaration() && !function.isIntrinsic())
      return source.emitError("calls '") << function.getName() << "', which no CUDA device has";
  return success();
}

/// What a work group shares begins at a multiple of kSharedAlignment and says so. Left open, LLVM's optimizer takes large
/// variables as aligned to 16 while its printer writes what one element needs: accesses would be wider than
/// what they access.
static void alignVariables(llvm::Module &module) {
  for (llvm::GlobalVariable &variable : module.globals())
    variable.setAlignment(std::max(variable.getAlign().valueOrOne(), llvm::Align(GpuContext::kSharedAlignment)));
}

/// Assembly is of whole warps or more: LLVM may not make it depend on another condition than the kernel does.
static void markAssembly(llvm::Module &module) {
  for (llvm::Function &function : module)
    for (llvm::Instruction &instruction : llvm::instructions(function))
      if (auto *call = llvm::dyn_cast<llvm::CallInst>(&instruction); call && call->isInlineAsm())
        call->setConvergent();
}

FailureOr<std::string> compilePtx(gpu::GPUModuleOp source, const GpuVariant &variant) {
  std::string error;
  auto machine = createMachine(variant, error);
  if (!machine) return source.emitError("this build of LLVM has no NVPTX back end: ") << error;
  if (failed(lowerToNvvm(source))) return failure();
  llvm::LLVMContext context;
  // Without a handler LLVM ends the process.
  context.setDiagnosticHandlerCallBack(
      [](const llvm::DiagnosticInfo *info, void *errors) {
        if (info->getSeverity() != llvm::DS_Error) return;
        llvm::raw_string_ostream stream(*static_cast<std::string *>(errors));
        llvm::DiagnosticPrinterRawOStream printer(stream);
        info->print(printer);
      },
      &error);
  auto module = translateModuleToLLVMIR(source, context);
  if (!module) return failure();
  module->setTargetTriple(machine->getTargetTriple());
  module->setDataLayout(machine->createDataLayout());
  alignVariables(*module);
  markAssembly(*module);
  optimizeKernels(*module, *machine, /*unroll=*/true);
  if (failed(checkAlone(source, *module))) return failure();
  llvm::SmallVector<char, 0> text;
  if (!emitKernels(*module, *machine, llvm::CodeGenFileType::AssemblyFile, text) || !error.empty())
    return source.emitError("LLVM can't emit PTX for ")
           << variant.name << (error.empty() ? "" : ": ") << error;
  std::string ptx(text.begin(), text.end());
  if (ptx.find(".extern") != std::string::npos)
    return source.emitError("PTX for ") << variant.name << " needs a symbol from outside";
  return ptx;
}

std::string joinPtx(ArrayRef<std::string> texts) {
  constexpr StringLiteral kLastOfHeader = ".address_size 64\n";
  std::string joined;
  for (StringRef text : texts)
    joined += joined.empty() ? text : text.drop_front(text.find(kLastOfHeader) + kLastOfHeader.size());
  return joined;
}

} // namespace lathe

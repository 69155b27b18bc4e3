#include "Codegen/CPU/ObjectCode.h"

#include "Codegen/Kernel/LlvmPipeline.h"

#include "mlir/IR/Diagnostics.h"
#include "mlir/Target/LLVMIR/Export.h"
#include "llvm/IR/Module.h"
#include "llvm/MC/TargetRegistry.h"
#include "llvm/Support/TargetSelect.h"
#include "llvm/Target/TargetMachine.h"
#include "llvm/Target/TargetOptions.h"
#include "llvm/Transforms/Utils/Cloning.h"

#include <mutex>

using namespace mlir;

namespace lathe {

static constexpr llvm::StringLiteral kTriple = "x86_64-unknown-linux-gnu";

static std::unique_ptr<llvm::TargetMachine> createMachine(const CpuVariant &variant, std::string &error) {
  static std::once_flag once;
  std::call_once(once, [] {
    LLVMInitializeX86TargetInfo();
    LLVMInitializeX86Target();
    LLVMInitializeX86TargetMC();
    LLVMInitializeX86AsmPrinter();
  });
  llvm::Triple triple(kTriple);
  const llvm::Target *target = llvm::TargetRegistry::lookupTarget(triple, error);
  if (!target) return nullptr;
  llvm::TargetOptions options;
  // Numerics are the artifact's: a product and a sum are fused only where the program says so.
  options.AllowFPOpFusion = llvm::FPOpFusion::Strict;
  options.FunctionSections = true;
  options.TrapUnreachable = false;
  return std::unique_ptr<llvm::TargetMachine>(
      target->createTargetMachine(triple, variant.cpu, variant.targetFeatures, options, llvm::Reloc::PIC_,
                                  llvm::CodeModel::Small, llvm::CodeGenOptLevel::Default));
}

/// What every kernel may be told: where it runs, that nobody unwinds through it and that no library stands
/// behind it.
static void setAttributes(llvm::Module &module, const CpuVariant &variant) {
  for (llvm::Function &function : module) {
    if (function.isDeclaration()) continue;
    function.addFnAttr("target-cpu", variant.cpu);
    if (!variant.targetFeatures.empty()) function.addFnAttr("target-features", variant.targetFeatures);
    if (variant.vectorBits >= 512) function.addFnAttr("prefer-vector-width", "512");
    function.addFnAttr("no-builtins");
    function.addFnAttr(llvm::Attribute::NoUnwind);
    function.setDSOLocal(true);
    if (function.arg_size() != 5) continue;
    function.addParamAttr(0, llvm::Attribute::NoAlias); // batch
    function.addParamAttr(1, llvm::Attribute::NoAlias); // bindings
    function.addParamAttr(2, llvm::Attribute::NoAlias); // scratch
    function.addParamAttrs(2, llvm::AttrBuilder(module.getContext()).addAlignmentAttr(64));
  }
}

FailureOr<ObjectCode> compileObject(ModuleOp source, const CpuVariant &variant, bool keepLLVM,
                                    bool keepAssembly) {
  std::string error;
  auto machine = createMachine(variant, error);
  if (!machine) return source.emitError("this build of LLVM has no x86-64 back end: ") << error;
  llvm::LLVMContext context;
  auto module = translateModuleToLLVMIR(source, context);
  if (!module) return failure();
  module->setTargetTriple(machine->getTargetTriple());
  module->setDataLayout(machine->createDataLayout());
  module->setPICLevel(llvm::PICLevel::SmallPIC);
  setAttributes(*module, variant);
  optimizeKernels(*module, *machine, /*unroll=*/false); // it costs time to compile
  ObjectCode code;
  if (keepLLVM) {
    llvm::raw_string_ostream stream(code.llvmText);
    module->print(stream, nullptr);
  }
  if (keepAssembly) {
    auto copy = llvm::CloneModule(*module);
    llvm::SmallVector<char, 0> text;
    if (emitKernels(*copy, *machine, llvm::CodeGenFileType::AssemblyFile, text))
      code.assemblyText.assign(text.begin(), text.end());
  }
  if (!emitKernels(*module, *machine, llvm::CodeGenFileType::ObjectFile, code.bytes))
    return source.emitError("LLVM can't emit an object for ") << variant.name;
  return code;
}

} // namespace lathe

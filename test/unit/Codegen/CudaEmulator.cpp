#include "CudaEmulator.h"

#include "CudaThreads.h"
#include "CudaWarpgroup.h"
#include "MemoryWatch.h"
#include "WorkItems.h"

#include "Codegen/GPU/EmitKernels.h"
#include "Codegen/GPU/KernelFamilies.h"
#include "Codegen/GPU/NvvmLowering.h"

#include "mlir/IR/Verifier.h"
#include "mlir/Target/LLVMIR/Export.h"
#include "llvm/ExecutionEngine/Orc/LLJIT.h"
#include "llvm/IR/IRBuilder.h"
#include "llvm/IR/InlineAsm.h"
#include "llvm/IR/InstIterator.h"
#include "llvm/Support/TargetSelect.h"

#include "gtest/gtest.h"

#include <limits>

using namespace mlir;

namespace lathe::test {

/// A function of several results calls `played` with `first` and arrays: operands of 8 bytes each, results
/// of 4.
static void passArrays(llvm::Function &function, llvm::StringRef played,
                       llvm::ArrayRef<llvm::Value *> first = {}) {
  llvm::IRBuilder<> builder(llvm::BasicBlock::Create(function.getContext(), "", &function));
  auto *fields = llvm::cast<llvm::StructType>(function.getReturnType());
  llvm::Value *operands =
      builder.CreateAlloca(builder.getInt64Ty(), builder.getInt32(unsigned(function.arg_size())));
  llvm::Value *results =
      builder.CreateAlloca(builder.getInt32Ty(), builder.getInt32(fields->getNumElements()));
  for (llvm::Argument &argument : function.args())
    builder.CreateStore(&argument,
                        builder.CreateConstGEP1_32(builder.getInt64Ty(), operands, argument.getArgNo()));
  llvm::SmallVector<llvm::Value *> arguments(first);
  arguments.append({operands, results});
  llvm::SmallVector<llvm::Type *> types(arguments.size(), builder.getPtrTy());
  auto *type = llvm::FunctionType::get(builder.getVoidTy(), types, false);
  builder.CreateCall(function.getParent()->getOrInsertFunction(played, type), arguments);
  llvm::Value *all = llvm::PoisonValue::get(fields);
  for (unsigned i = 0; i < fields->getNumElements(); ++i)
    all = builder.CreateInsertValue(
        all,
        builder.CreateLoad(fields->getElementType(i),
                           builder.CreateConstGEP1_32(builder.getInt32Ty(), results, i)),
        i);
  builder.CreateRet(all);
}

/// Calls of functions of this program instead of intrinsics.
static llvm::Error playIntrinsics(llvm::Module &module) {
  for (llvm::Function &function : llvm::make_early_inc_range(module)) {
    if (!function.getName().starts_with("llvm.nvvm.")) continue;
    if (llvm::none_of(playedIntrinsics(),
                      [&](const PlayedFunction &played) { return function.getName() == played.name; }))
      return llvm::createStringError("nothing plays " + function.getName());
    std::string name = ("played." + function.getName()).str();
    llvm::Constant *callee = nullptr;
    if (function.getReturnType()->isStructTy()) {
      auto *adapter = llvm::Function::Create(function.getFunctionType(), llvm::GlobalValue::InternalLinkage,
                                             "adapt." + function.getName(), module);
      passArrays(*adapter, name);
      callee = adapter;
    } else {
      callee = llvm::cast<llvm::Constant>(
          module.getOrInsertFunction(name, function.getFunctionType()).getCallee());
    }
    function.replaceAllUsesWith(callee);
    function.eraseFromParent();
  }
  return llvm::Error::success();
}

/// The variable that matrices lie in: the largest.
static llvm::Constant *workGroupMemory(llvm::Module &module) {
  llvm::GlobalVariable *largest = nullptr;
  const llvm::DataLayout &layout = module.getDataLayout();
  for (llvm::GlobalVariable &variable : module.globals())
    if (!largest ||
        layout.getTypeAllocSize(variable.getValueType()) > layout.getTypeAllocSize(largest->getValueType()))
      largest = &variable;
  return llvm::ConstantExpr::getAddrSpaceCast(largest, llvm::PointerType::get(module.getContext(), 0));
}

/// Calls of functions of this program instead of assembly; `products` keep what it says.
static llvm::Error playAssembly(llvm::Module &module, std::deque<std::vector<WarpgroupProduct>> &products) {
  llvm::SmallVector<llvm::CallInst *> calls;
  for (llvm::Function &function : module)
    for (llvm::Instruction &instruction : llvm::instructions(function))
      if (auto *call = llvm::dyn_cast<llvm::CallInst>(&instruction); call && call->isInlineAsm())
        calls.push_back(call);
  for (llvm::CallInst *call : calls) {
    llvm::IRBuilder<> builder(call);
    std::string text(llvm::cast<llvm::InlineAsm>(call->getCalledOperand())->getAsmString());
    if (text == "fence.proxy.async.shared::cta;") {
      builder.CreateCall(module.getOrInsertFunction("played.show", builder.getVoidTy()));
      call->eraseFromParent();
      continue;
    }
    auto parsed = parseWarpgroup(text);
    if (!parsed) return llvm::createStringError("nothing plays " + text);
    products.push_back(std::move(*parsed));
    auto *adapter = llvm::Function::Create(call->getFunctionType(), llvm::GlobalValue::InternalLinkage,
                                           "adapt.wgmma", module);
    llvm::Value *said = llvm::ConstantExpr::getIntToPtr(
        builder.getInt64(reinterpret_cast<uintptr_t>(&products.back())), builder.getPtrTy());
    passArrays(*adapter, "played.warpgroup", {said, workGroupMemory(module)});
    call->setCalledOperand(adapter);
  }
  return llvm::Error::success();
}

/// run.<name>: takes an array of the addresses.
static void addEntry(llvm::Module &module, llvm::StringRef name) {
  llvm::Function *kernel = module.getFunction(name);
  kernel->setCallingConv(llvm::CallingConv::C);
  llvm::IRBuilder<> builder(module.getContext());
  auto *type = llvm::FunctionType::get(builder.getVoidTy(), {builder.getPtrTy()}, false);
  auto *entry = llvm::Function::Create(type, llvm::GlobalValue::ExternalLinkage, "run." + name.str(), module);
  builder.SetInsertPoint(llvm::BasicBlock::Create(module.getContext(), "", entry));
  llvm::SmallVector<llvm::Value *> arguments;
  for (llvm::Argument &argument : kernel->args())
    arguments.push_back(builder.CreateLoad(
        argument.getType(),
        builder.CreateConstGEP1_32(builder.getPtrTy(), entry->getArg(0), argument.getArgNo())));
  builder.CreateCall(kernel, arguments);
  builder.CreateRetVoid();
}

llvm::Error CudaEmulator::add(exec::KernelOp kernel, const PlannedKernel &planned, const KernelFunction &part,
                              const GpuVariant &variant) {
  OpBuilder builder(kernel.getContext());
  OwningOpRef<ModuleOp> holder = ModuleOp::create(builder, kernel.getLoc());
  holder.get()->setAttr(gpu::GPUDialect::getContainerModuleAttrName(), builder.getUnitAttr());
  builder.setInsertionPointToStart(holder->getBody());
  auto unit = gpu::GPUModuleOp::create(builder, kernel.getLoc(), "kernels");
  auto function = emitGpuKernel(unit, kernel, planned, part, variant);
  if (failed(function)) return llvm::createStringError("no kernel");
  std::string name = function->getName().str();
  if (failed(lowerToNvvm(unit))) return llvm::createStringError("no lowering");
  auto context = std::make_unique<llvm::LLVMContext>();
  auto module = translateModuleToLLVMIR(unit, *context);
  if (!module) return llvm::createStringError("no LLVM IR");
  module->setDataLayout(jit_->getDataLayout());
  callWatch(*module);
  if (llvm::Error error = playAssembly(*module, products_)) return error;
  if (llvm::Error error = playIntrinsics(*module)) return error;
  addEntry(*module, name);
  module->setTargetTriple(jit_->getTargetTriple());
  return jit_->addIRModule(llvm::orc::ThreadSafeModule(std::move(module), std::move(context)));
}

CudaEmulator::CudaEmulator(exec::ProgramOp program, const GpuVariant &variant) {
  loadGpuDialects(*program.getContext());
  auto planned = planKernels(program, gpuKernelFamilies());
  if (failed(planned)) {
    ADD_FAILURE() << "the program has no plan";
    return;
  }
  kernels_ = std::move(*planned);
  llvm::InitializeNativeTarget();
  llvm::InitializeNativeTargetAsmPrinter();
  jit_ = llvm::cantFail(llvm::orc::LLJITBuilder().create());
  auto &library = jit_->getMainJITDylib();
  library.addGenerator(llvm::cantFail(llvm::orc::DynamicLibrarySearchGenerator::GetForCurrentProcess(
      jit_->getDataLayout().getGlobalPrefix())));
  llvm::orc::SymbolMap played;
  auto define = [&](const std::string &name, void *function) {
    played[jit_->mangleAndIntern(name)] = {llvm::orc::ExecutorAddr::fromPtr(function),
                                           llvm::JITSymbolFlags::Exported};
  };
  for (const PlayedFunction &intrinsic : playedIntrinsics())
    define(std::string("played.") + intrinsic.name, intrinsic.function);
  for (const PlayedFunction &call : playedCalls()) define(call.name, call.function);
  llvm::cantFail(library.define(llvm::orc::absoluteSymbols(std::move(played))));
  for (auto [kernel, plan] : llvm::zip(program.getBody().front().getOps<exec::KernelOp>(), kernels_))
    for (const KernelFunction &part : plan.functions())
      if (llvm::Error error = add(kernel, plan, part, variant))
        ADD_FAILURE() << plan.name << ": " << llvm::toString(std::move(error));
}

CudaEmulator::~CudaEmulator() = default;

size_t CudaEmulator::addresses(StringRef function) const {
  size_t number = 0;
  if (!function.consume_front("k") || function.getAsInteger(10, number)) return 0;
  for (const PlannedKernel &kernel : kernels_)
    for (const KernelFunction &part : kernel.functions())
      if (part.code == number) return 1 + kernel.bindings + (part.kernelClass->scratchBytes != 0);
  return 0;
}

void CudaEmulator::launch(StringRef function, unsigned groupsX, unsigned groupsY, unsigned threads,
                          ArrayRef<void *> addresses) const {
  auto entry = jit_->lookup(("run." + function).str());
  if (!entry) {
    ADD_FAILURE() << llvm::toString(entry.takeError());
    return;
  }
  runThreads({function.str(), entry->toPtr<void (*)(void *const *)>(), addresses, groupsX, groupsY, threads});
}

void CudaEmulator::run(const PlannedKernel &kernel, size_t index, const KernelBatch &batch,
                       ArrayRef<void *> bindings) const {
  const KernelClass &of = kernel.classes[index];
  std::vector<float> scratch(size_t(workItems(of.grid, batch) * of.scratchBytes / 4) + 16,
                             std::numeric_limits<float>::quiet_NaN());
  auto aligned = (reinterpret_cast<uintptr_t>(scratch.data()) + 63) & ~uintptr_t(63);
  llvm::SmallVector<void *> addresses = {const_cast<KernelBatch *>(&batch)};
  addresses.append(bindings.begin(), bindings.end());
  if (of.scratchBytes) addresses.push_back(reinterpret_cast<void *>(aligned));
  for (const KernelFunction &part : kernel.functions())
    if (part.kernelClass == &of)
      launch("k" + std::to_string(part.code), unsigned(workItems(part.grid(), batch) / 2 + 1), 2,
             unsigned(part.threads()), addresses);
}

} // namespace lathe::test

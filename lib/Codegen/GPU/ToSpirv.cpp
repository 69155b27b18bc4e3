#include "Codegen/GPU/ToSpirv.h"

#include "Codegen/GPU/SpirvLowering.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/UB/IR/UBOps.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/Pass/Pass.h"
#include "mlir/Pass/PassRegistry.h"
#include "mlir/Target/SPIRV/Serialization.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/raw_ostream.h"

using namespace mlir;

namespace lathe {

static FailureOr<std::vector<char>> serialize(spirv::ModuleOp module) {
  SmallVector<uint32_t> words;
  if (failed(spirv::serialize(module, words))) return failure();
  const char *bytes = reinterpret_cast<const char *>(words.data());
  return std::vector<char>(bytes, bytes + words.size() * sizeof(uint32_t));
}

FailureOr<std::vector<char>> compileSpirv(gpu::GPUFuncOp function, const GpuVariant &variant,
                                          std::string *text) {
  auto module = lowerToSpirv(function, variant);
  if (failed(module)) return failure();
  if (text) {
    llvm::raw_string_ostream stream(*text);
    (*module)->print(stream);
    stream << "\n";
  }
  return serialize(**module);
}

namespace {

struct GpuToSpirvPass : PassWrapper<GpuToSpirvPass, OperationPass<ModuleOp>> {
  MLIR_DEFINE_EXPLICIT_INTERNAL_INLINE_TYPE_ID(GpuToSpirvPass)

  GpuToSpirvPass() = default;
  GpuToSpirvPass(const GpuToSpirvPass &other) : PassWrapper(other) {}

  StringRef getArgument() const override { return "lathe-gpu-to-spirv"; }
  StringRef getDescription() const override {
    return "replace each gpu.module by one spirv.module per function, as the artifact stores it";
  }
  void getDependentDialects(DialectRegistry &registry) const override {
    registry.insert<arith::ArithDialect, LLVM::LLVMDialect, spirv::SPIRVDialect, ub::UBDialect,
                    vector::VectorDialect>();
  }

  void runOnOperation() override {
    const GpuVariant *found = findGpuVariant(variant);
    if (!found || found->isCuda()) {
      getOperation().emitError("unknown Vulkan variant '") << variant << "'";
      return signalPassFailure();
    }
    SmallVector<gpu::GPUModuleOp> modules(getOperation().getOps<gpu::GPUModuleOp>());
    for (gpu::GPUModuleOp module : modules) {
      for (auto function : module.getOps<gpu::GPUFuncOp>())
        if (failed(lower(function, module, *found))) return signalPassFailure();
      module.erase();
    }
  }

  LogicalResult lower(gpu::GPUFuncOp function, gpu::GPUModuleOp before, const GpuVariant &target) {
    auto lowered = lowerToSpirv(function, target);
    if (failed(lowered)) return failure();
    spirv::ModuleOp module = lowered->release();
    before->getBlock()->getOperations().insert(Block::iterator(before), module);
    module.setSymName(function.getName());
    return write.empty() ? success() : writeFile(module);
  }

  LogicalResult writeFile(spirv::ModuleOp module) {
    auto bytes = serialize(module);
    if (failed(bytes)) return failure();
    SmallString<128> path(write);
    llvm::sys::path::append(path, *module.getSymName() + ".spv");
    std::error_code error = llvm::sys::fs::create_directories(write);
    if (!error) {
      llvm::raw_fd_ostream stream(path, error);
      stream.write(bytes->data(), bytes->size());
    }
    if (error) return module.emitError("can't write ") << path << ": " << error.message();
    return success();
  }

  Option<std::string> variant{*this, "variant", llvm::cl::desc("vulkan1.2, vulkan1.3"),
                              llvm::cl::init("vulkan1.2")};
  Option<std::string> write{*this, "write", llvm::cl::desc("folder for the binary module of each function")};
};

} // namespace

void registerGpuToSpirvPass() { PassRegistration<GpuToSpirvPass>(); }

} // namespace lathe

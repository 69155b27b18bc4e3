// --lathe-gpu-kernels: the kernels of a program as the emitters write them, for tests and for reading.
#include "Codegen/GPU/EmitKernels.h"

#include "Codegen/GPU/KernelFamilies.h"
#include "Codegen/GPU/NvvmLowering.h"
#include "Codegen/GPU/ToSpirv.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/NVVMDialect.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/SPIRV/IR/SPIRVDialect.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/Pass/Pass.h"
#include "mlir/Pass/PassRegistry.h"

using namespace mlir;

namespace lathe {
namespace {

struct EmitGpuKernelsPass : PassWrapper<EmitGpuKernelsPass, OperationPass<ModuleOp>> {
  MLIR_DEFINE_EXPLICIT_INTERNAL_INLINE_TYPE_ID(EmitGpuKernelsPass)

  EmitGpuKernelsPass() = default;
  EmitGpuKernelsPass(const EmitGpuKernelsPass &other) : PassWrapper(other) {}

  StringRef getArgument() const override { return "lathe-gpu-kernels"; }
  StringRef getDescription() const override {
    return "replace each exec.program by a gpu.module of its kernels for one GPU variant, one function per "
           "class of rows, and one for what joins its parts";
  }
  void getDependentDialects(DialectRegistry &registry) const override {
    registry.insert<arith::ArithDialect, gpu::GPUDialect, LLVM::LLVMDialect, math::MathDialect,
                    memref::MemRefDialect, NVVM::NVVMDialect, scf::SCFDialect, spirv::SPIRVDialect,
                    vector::VectorDialect>();
  }

  void runOnOperation() override {
    const GpuVariant *found = findGpuVariant(variant);
    if (!found) {
      getOperation().emitError("unknown GPU variant '") << variant << "'";
      return signalPassFailure();
    }
    getOperation()->setAttr(gpu::GPUDialect::getContainerModuleAttrName(), UnitAttr::get(&getContext()));
    SmallVector<exec::ProgramOp> programs(getOperation().getOps<exec::ProgramOp>());
    for (exec::ProgramOp program : programs) {
      if (failed(emitProgram(program, *found))) return signalPassFailure();
      program.erase();
    }
  }

  LogicalResult emitProgram(exec::ProgramOp program, const GpuVariant &target) {
    auto kernels = planKernels(program, gpuKernelFamilies());
    if (failed(kernels)) return failure();
    OpBuilder builder(program);
    auto module = gpu::GPUModuleOp::create(builder, program.getLoc(), program.getSymName());
    for (auto [kernel, planned] : llvm::zip(program.getBody().front().getOps<exec::KernelOp>(), *kernels))
      for (const KernelFunction &part : planned.functions())
        if (failed(emitGpuKernel(module, kernel, planned, part, target))) return failure();
    return success();
  }

  Option<std::string> variant{*this, "variant",
                              llvm::cl::desc("vulkan1.2, vulkan1.3, sm_75, sm_80, sm_90a, sm_100"),
                              llvm::cl::init("vulkan1.2")};
};

} // namespace

void registerGpuCodegenPasses() {
  PassRegistration<EmitGpuKernelsPass>();
  registerGpuToNvvmPass();
  registerGpuToSpirvPass();
}

} // namespace lathe

// --lathe-cpu-kernels: the kernels of a program as the emitters write them, for tests and for reading.
#include "Codegen/CPU/CompileProgram.h"
#include "Codegen/CPU/KernelFamilies.h"

#include "Codegen/CPU/Lowering.h"

#include "mlir/Dialect/ControlFlow/IR/ControlFlow.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/Pass/Pass.h"
#include "mlir/Pass/PassRegistry.h"

using namespace mlir;

namespace lathe {
namespace {

struct EmitKernelsPass : PassWrapper<EmitKernelsPass, OperationPass<ModuleOp>> {
  MLIR_DEFINE_EXPLICIT_INTERNAL_INLINE_TYPE_ID(EmitKernelsPass)

  EmitKernelsPass() = default;
  EmitKernelsPass(const EmitKernelsPass &other) : PassWrapper(other) {}

  StringRef getArgument() const override { return "lathe-cpu-kernels"; }
  StringRef getDescription() const override {
    return "replace each exec.program by a module of its kernels for one CPU variant, one function per class "
           "of rows";
  }
  void getDependentDialects(DialectRegistry &registry) const override {
    registry.insert<arith::ArithDialect, cf::ControlFlowDialect, func::FuncDialect, LLVM::LLVMDialect,
                    math::MathDialect, scf::SCFDialect, vector::VectorDialect>();
  }

  void runOnOperation() override {
    if (!findCpuVariant(variant)) {
      getOperation().emitError("unknown CPU variant '") << variant << "'";
      return signalPassFailure();
    }
    SmallVector<exec::ProgramOp> programs(getOperation().getOps<exec::ProgramOp>());
    for (exec::ProgramOp program : programs) {
      if (failed(emitProgram(program, *findCpuVariant(program, variant)))) return signalPassFailure();
      program.erase();
    }
  }

  LogicalResult emitProgram(exec::ProgramOp program, const CpuVariant &target) {
    auto kernels = planKernels(program, cpuKernelFamilies());
    if (failed(kernels)) return failure();
    OpBuilder builder(program);
    auto module = ModuleOp::create(builder, program.getLoc(), program.getSymName());
    builder.setInsertionPointToStart(module.getBody());
    for (auto [kernel, code] : llvm::zip(program.getBody().front().getOps<exec::KernelOp>(), *kernels))
      if (failed(emitKernel(builder, kernel, code.classes, target))) return failure();
    return lower ? lowerToLLVM(module) : success();
  }

  Option<std::string> variant{*this, "variant", llvm::cl::desc("avx2, avx512vnni ..."),
                              llvm::cl::init("avx2")};
  Option<bool> lower{*this, "lower", llvm::cl::desc("down to the LLVM dialect"), llvm::cl::init(false)};
};

} // namespace

void registerCpuCodegenPasses() { PassRegistration<EmitKernelsPass>(); }

} // namespace lathe

// The dialects and passes that IR of any phase may need: stated once for every tool that reads IR.
#pragma once

#include "Codegen/CPU/CompileProgram.h"
#include "Codegen/GPU/EmitKernels.h"
#include "Exec/ExecDialect.h"
#include "Lathe/LatheDialect.h"
#include "Pipeline.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Transforms/Passes.h"

namespace lathe {

inline void registerToolDialects(mlir::DialectRegistry &registry) {
  registry.insert<LatheDialect, exec::ExecDialect, mlir::func::FuncDialect, mlir::arith::ArithDialect,
                  mlir::math::MathDialect>();
}

inline void registerToolPasses() {
  mlir::registerTransformsPasses();
  registerPasses();
  registerCpuCodegenPasses();
  registerGpuCodegenPasses();
}

} // namespace lathe

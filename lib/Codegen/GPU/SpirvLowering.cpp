#include "Codegen/GPU/SpirvLowering.h"

#include "Codegen/GPU/Alignment.h"
#include "Codegen/GPU/SpirvFeatures.h"
#include "Codegen/GPU/SpirvPatterns.h"
#include "Codegen/Kernel/MathExpansion.h"

#include "mlir/Conversion/ArithToSPIRV/ArithToSPIRV.h"
#include "mlir/Conversion/GPUToSPIRV/GPUToSPIRV.h"
#include "mlir/Conversion/MathToSPIRV/MathToSPIRV.h"
#include "mlir/Conversion/SCFToSPIRV/SCFToSPIRV.h"
#include "mlir/Conversion/UBToSPIRV/UBToSPIRV.h"
#include "mlir/Conversion/VectorToSPIRV/VectorToSPIRV.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Arith/Transforms/Passes.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/UB/IR/UBOps.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/IR/Dominance.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Transforms/CSE.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"
#include "mlir/Transforms/LoopInvariantCodeMotionUtils.h"

using namespace mlir;

namespace lathe {

void loadSpirvDialects(MLIRContext &context) {
  context.loadDialect<arith::ArithDialect, gpu::GPUDialect, LLVM::LLVMDialect, math::MathDialect,
                      memref::MemRefDialect, scf::SCFDialect, spirv::SPIRVDialect, ub::UBDialect,
                      vector::VectorDialect>();
}

static void shareExpressions(Operation *root) {
  IRRewriter rewriter(root->getContext());
  DominanceInfo dominance(root);
  eliminateCommonSubExpressions(rewriter, dominance, root);
}

/// Emitters count in i64; most devices compute that in several steps of 32 bits, so what fits in 32 is done
/// there.
static LogicalResult narrowIntegers(gpu::GPUFuncOp function) {
  PassManager passes(function.getContext(), gpu::GPUFuncOp::getOperationName());
  passes.enableVerifier(false); // the function stands in no gpu.module
  passes.addPass(arith::createArithIntRangeNarrowing({{32}}));
  return passes.run(function);
}

/// Emitters repeat addresses freely. Drivers share expressions, but few move them out of loops.
static LogicalResult simplify(gpu::GPUFuncOp function) {
  MLIRContext *context = function.getContext();
  RewritePatternSet patterns(context);
  for (RegisteredOperationName name :
       context->getRegisteredOperationsByDialect(arith::ArithDialect::getDialectNamespace()))
    name.getCanonicalizationPatterns(patterns, context);
  (void)applyPatternsGreedily(function, std::move(patterns));
  shareExpressions(function);
  if (failed(narrowIntegers(function))) return failure();
  function.walk<WalkOrder::PostOrder>([](LoopLikeOpInterface loop) { moveLoopInvariantCode(loop); });
  shareExpressions(function);
  return success();
}

static LogicalResult convert(spirv::ModuleOp module) {
  MLIRContext *context = module.getContext();
  spirv::TargetEnvAttr targetEnv = spirvTargetEnv(context);
  module->setAttr(spirv::getTargetEnvAttrName(), targetEnv);
  SPIRVTypeConverter converter(targetEnv, SPIRVConversionOptions{});
  addKernelTypes(converter);
  RewritePatternSet patterns(context);
  ScfToSPIRVContext loops;
  populateKernelPatterns(converter, patterns);
  populateLoopPatterns(converter, patterns);
  arith::populateArithToSPIRVPatterns(converter, patterns);
  populateMathToSPIRVPatterns(converter, patterns);
  populateVectorToSPIRVPatterns(converter, patterns);
  populateSCFToSPIRVPatterns(converter, loops, patterns);
  populateGPUToSPIRVPatterns(converter, patterns);
  ub::populateUBToSPIRVConversionPatterns(converter, patterns);
  auto target = SPIRVConversionTarget::get(targetEnv);
  return applyFullConversion(module, *target, std::move(patterns));
}

/// Every rounding is where the emitters put it: a device fuses no product with a sum, so that devices agree
/// with each other and with CPUs.
static void forbidContraction(spirv::ModuleOp module) {
  module.walk([](Operation *op) {
    if (isa<spirv::FAddOp, spirv::FSubOp, spirv::FMulOp, spirv::FDivOp, spirv::FNegateOp, spirv::GLFmaOp>(op))
      op->setAttr("no_contraction", UnitAttr::get(op->getContext()));
  });
}

static void declareEntryPoint(spirv::ModuleOp module, ArrayRef<int32_t> groupSize) {
  OpBuilder builder = OpBuilder::atBlockEnd(module.getBody());
  SmallVector<Attribute> inputs;
  for (auto variable : module.getOps<spirv::GlobalVariableOp>())
    if (variable.storageClass() == spirv::StorageClass::Input)
      inputs.push_back(FlatSymbolRefAttr::get(variable));
  auto main = *module.getOps<spirv::FuncOp>().begin();
  spirv::EntryPointOp::create(builder, module.getLoc(), spirv::ExecutionModel::GLCompute, main, inputs);
  spirv::ExecutionModeOp::create(builder, module.getLoc(), main, spirv::ExecutionMode::LocalSize, groupSize);
}

FailureOr<OwningOpRef<spirv::ModuleOp>> lowerToSpirv(gpu::GPUFuncOp function, const GpuVariant &variant) {
  auto groupSize = function.getKnownBlockSize();
  if (!groupSize) return function.emitOpError("states no size of its work groups");
  OpBuilder builder(function.getContext());
  OwningOpRef<spirv::ModuleOp> module =
      spirv::ModuleOp::create(builder, function.getLoc(), spirv::AddressingModel::PhysicalStorageBuffer64,
                              spirv::MemoryModel::GLSL450);
  builder.setInsertionPointToStart(module->getBody());
  auto kernel = cast<gpu::GPUFuncOp>(builder.clone(*function));
  expandMath(kernel);
  expandHalfFloats(kernel);
  if (failed(simplify(kernel))) return failure();
  stateAlignments(kernel);
  if (failed(convert(*module))) return failure();
  shareExpressions(*module);
  forbidContraction(*module);
  declareEntryPoint(*module, *groupSize);
  if (failed(declareCapabilities(*module, variant))) return failure();
  return module;
}

} // namespace lathe

#include "Codegen/GPU/EmitKernels.h"

#include "Codegen/GPU/GpuContext.h"
#include "Codegen/GPU/KernelFamilies.h"

#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/LLVMIR/NVVMDialect.h"

using namespace mlir;

namespace lathe {

void loadGpuDialects(MLIRContext &context) {
  context.loadDialect<arith::ArithDialect, gpu::GPUDialect, LLVM::LLVMDialect, math::MathDialect,
                      memref::MemRefDialect, NVVM::NVVMDialect, scf::SCFDialect, vector::VectorDialect>();
}

FailureOr<gpu::GPUFuncOp> emitGpuKernel(gpu::GPUModuleOp module, exec::KernelOp kernel,
                                        const PlannedKernel &planned, unsigned index,
                                        const GpuVariant &variant) {
  auto emitter = findKernelEmitter(gpuKernelFamilies(), kernel);
  if (failed(emitter)) return failure();
  const KernelClass &kernelClass = planned.classes[index];
  unsigned addresses = 1 + planned.bindings + (kernelClass.scratchBytes != 0);
  if (addresses > kMaxAddresses)
    return kernel.emitOpError("takes ") << addresses << " addresses, a kernel on a GPU at most " << kMaxAddresses;

  OpBuilder builder = OpBuilder::atBlockEnd(module.getBody());
  Type pointer = LLVM::LLVMPointerType::get(builder.getContext(), 1);
  auto type = builder.getFunctionType(SmallVector<Type>(addresses, pointer), {});
  auto function = gpu::GPUFuncOp::create(builder, kernel.getLoc(), "k" + std::to_string(planned.firstCode + index), type);
  function->setAttr(gpu::GPUDialect::getKernelFuncAttrName(), builder.getUnitAttr());
  function.setKnownBlockSizeAttr(builder.getDenseI32ArrayAttr({int32_t(kernelClass.threads), 1, 1}));
  GpuContext context(builder, kernel, variant, kernelClass, function);
  if (failed((*emitter)->emit(context))) return failure();
  builder.setInsertionPointToEnd(&function.getBody().front());
  gpu::ReturnOp::create(builder, kernel.getLoc());
  return function;
}

} // namespace lathe

#include "Codegen/GPU/EmitKernels.h"

#include "Codegen/GPU/GpuContext.h"
#include "Codegen/GPU/KernelFamilies.h"
#include "Codegen/GPU/NvvmLowering.h"
#include "Codegen/GPU/SpirvLowering.h"

#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/LLVMIR/NVVMDialect.h"

using namespace mlir;

namespace lathe {

void loadGpuDialects(MLIRContext &context) {
  context.loadDialect<arith::ArithDialect, gpu::GPUDialect, LLVM::LLVMDialect, math::MathDialect,
                      memref::MemRefDialect, NVVM::NVVMDialect, scf::SCFDialect, vector::VectorDialect>();
  loadNvvmDialects(context);
  loadSpirvDialects(context);
}

/// How the address that each launch passes for binding `index` is aligned. Weights and states begin at multiples of
/// 64; a slice of the arena may begin inside a row of another.
static int64_t bindingAlignment(exec::KernelOp kernel, unsigned index) {
  uint64_t alignment = 64;
  kernel->getParentOp()->walk([&](exec::DispatchOp dispatch) {
    if (dispatch.getKernel() != kernel.getSymName()) return;
    if (auto slice = dispatch->getOperand(index).getDefiningOp<exec::SliceOp>())
      alignment = llvm::MinAlign(alignment, slice.getOffset());
  });
  return int64_t(alignment);
}

/// What the kernel ABI promises of addresses. The batch and weights are written by nobody while a kernel runs: CUDA
/// devices read them through their read-only caches.
static void describeAddresses(gpu::GPUFuncOp function, exec::KernelOp kernel, const PlannedKernel &planned) {
  OpBuilder builder(function.getContext());
  auto readOnly = [&](unsigned address) {
    function.setArgAttr(address, LLVM::LLVMDialect::getNoAliasAttrName(), builder.getUnitAttr());
    function.setArgAttr(address, LLVM::LLVMDialect::getReadonlyAttrName(), builder.getUnitAttr());
  };
  auto aligned = [&](unsigned address, int64_t bytes) {
    function.setArgAttr(address, LLVM::LLVMDialect::getAlignAttrName(), builder.getI64IntegerAttr(bytes));
  };
  readOnly(0);
  unsigned address = 1;
  for (Type type : kernel.getBody().getArgumentTypes()) {
    if (isa<BatchType>(type)) continue;
    if (isa<WeightType>(type)) readOnly(address);
    ++address;
  }
  for (address = 1; address <= planned.bindings; ++address) aligned(address, bindingAlignment(kernel, address - 1));
  if (address < function.getNumArguments()) aligned(address, 64); // scratch
}

/// Plans bound the memory that they know of; what combines threads has some more.
static LogicalResult checkGroupMemory(gpu::GPUFuncOp function, const GpuVariant &variant) {
  int64_t bytes = 0, most = variant.isCuda() ? kMaxCudaGroupMemory : kMaxGroupMemory;
  for (BlockArgument memory : function.getWorkgroupAttributions()) {
    auto type = cast<MemRefType>(memory.getType());
    Type element = type.getElementType();
    int64_t lanes = isa<VectorType>(element) ? cast<VectorType>(element).getNumElements() : 1;
    bytes += type.getNumElements() * lanes * getElementTypeOrSelf(element).getIntOrFloatBitWidth() / 8;
  }
  if (bytes <= most) return success();
  return function.emitOpError("needs ") << bytes << " bytes of work-group memory, devices have " << most
                                        << "; split the dispatch";
}

FailureOr<gpu::GPUFuncOp> emitGpuKernel(gpu::GPUModuleOp module, exec::KernelOp kernel,
                                        const PlannedKernel &planned, const KernelFunction &part,
                                        const GpuVariant &variant) {
  auto emitter = findKernelEmitter(gpuKernelFamilies(), kernel);
  if (failed(emitter)) return failure();
  unsigned addresses = 1 + planned.bindings + (part.kernelClass->scratchBytes != 0);
  if (addresses > kMaxAddresses)
    return kernel.emitOpError("takes ") << addresses << " addresses, a kernel on a GPU at most " << kMaxAddresses;

  OpBuilder builder = OpBuilder::atBlockEnd(module.getBody());
  Type pointer = LLVM::LLVMPointerType::get(builder.getContext(), 1);
  auto type = builder.getFunctionType(SmallVector<Type>(addresses, pointer), {});
  auto function = gpu::GPUFuncOp::create(builder, kernel.getLoc(), "k" + std::to_string(part.code), type);
  function->setAttr(gpu::GPUDialect::getKernelFuncAttrName(), builder.getUnitAttr());
  describeAddresses(function, kernel, planned);
  function.setKnownBlockSizeAttr(builder.getDenseI32ArrayAttr({int32_t(part.threads()), 1, 1}));
  GpuContext context(builder, kernel, variant, part, function);
  if (failed(part.isJoin ? (*emitter)->emitJoin(context) : (*emitter)->emit(context))) return failure();
  if (failed(checkGroupMemory(function, variant))) return failure();
  builder.setInsertionPointToEnd(&function.getBody().front());
  gpu::ReturnOp::create(builder, kernel.getLoc());
  return function;
}

} // namespace lathe

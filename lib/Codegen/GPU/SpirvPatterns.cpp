#include "Codegen/GPU/SpirvPatterns.h"

#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"

using namespace mlir;
using spirv::StorageClass;

//===------------------------------------------------------------------------------------------------------===//
// Types
//===------------------------------------------------------------------------------------------------------===//

static bool isWorkgroupMemory(MemRefType type) {
  auto space = dyn_cast_if_present<gpu::AddressSpaceAttr>(type.getMemorySpace());
  return space && space.getValue() == gpu::AddressSpace::Workgroup && type.hasStaticShape() &&
         type.getLayout().isIdentity();
}

void lathe::addKernelTypes(SPIRVTypeConverter &converter) {
  // Both compute in f32; what moves are bits, so that no device has to know these types.
  auto asBits = [](Type type) -> std::optional<Type> {
    Type element = getElementTypeOrSelf(type);
    if (!element.isF16() && !element.isBF16()) return std::nullopt;
    Type bits = IntegerType::get(type.getContext(), 16);
    auto vector = dyn_cast<VectorType>(type);
    return vector && vector.getNumElements() > 1 ? VectorType::get(vector.getShape(), bits) : bits;
  };
  converter.addConversion([=](FloatType type) { return asBits(type); });
  converter.addConversion([=](VectorType type) { return asBits(type); });
  converter.addConversion([](LLVM::LLVMPointerType type) { return IntegerType::get(type.getContext(), 64); });
  converter.addConversion([&converter](MemRefType type) -> std::optional<Type> {
    if (!isWorkgroupMemory(type)) return std::nullopt;
    Type array = converter.convertType(type.getElementType());
    if (!array) return Type();
    for (int64_t extent : llvm::reverse(type.getShape()))
      array = spirv::ArrayType::get(array, unsigned(extent));
    return spirv::PointerType::get(array, StorageClass::Workgroup);
  });
}

namespace {

//===------------------------------------------------------------------------------------------------------===//
// The function
//===------------------------------------------------------------------------------------------------------===//

/// Arguments are the fields of the push constants, attributions variables of the module.
struct KernelFunction final : OpConversionPattern<gpu::GPUFuncOp> {
  using OpConversionPattern::OpConversionPattern;

  LogicalResult matchAndRewrite(gpu::GPUFuncOp op, OpAdaptor,
                                ConversionPatternRewriter &rewriter) const override {
    if (op.getNumPrivateAttributions()) return rewriter.notifyMatchFailure(op, "has private memory");
    Location loc = op.getLoc();
    unsigned arguments = op.getNumArguments();
    Block &body = op.getBody().front();
    TypeConverter::SignatureConversion signature(body.getNumArguments());

    auto addresses = spirv::GlobalVariableOp::create(rewriter, loc, addressesType(op), "addresses");
    SmallVector<spirv::GlobalVariableOp> memories;
    for (BlockArgument memory : body.getArguments().drop_front(arguments)) {
      Type type = getTypeConverter()->convertType(memory.getType());
      if (!type) return rewriter.notifyMatchFailure(op, "has work-group memory of an unknown type");
      memories.push_back(spirv::GlobalVariableOp::create(rewriter, loc, type,
                                                         "shared" + std::to_string(memories.size())));
    }
    auto main = spirv::FuncOp::create(rewriter, loc, "main", rewriter.getFunctionType({}, {}));
    rewriter.inlineRegionBefore(op.getBody(), main.getBody(), main.end());
    rewriter.setInsertionPointToStart(&body);
    for (unsigned index = 0; index < arguments; ++index)
      if (!body.getArgument(index).use_empty())
        signature.remapInput(index, readAddress(rewriter, loc, addresses, index));
    for (auto [index, memory] : llvm::enumerate(memories))
      signature.remapInput(arguments + index, spirv::AddressOfOp::create(rewriter, loc, memory).getResult());
    rewriter.applySignatureConversion(&body, signature, getTypeConverter());
    rewriter.eraseOp(op);
    return success();
  }

private:
  static Type addressesType(gpu::GPUFuncOp op) {
    SmallVector<Type> fields(op.getNumArguments(), IntegerType::get(op.getContext(), 64));
    SmallVector<spirv::StructType::OffsetInfo> offsets;
    for (unsigned index = 0; index < fields.size(); ++index) offsets.push_back(8 * index);
    return spirv::PointerType::get(spirv::StructType::get(fields, offsets), StorageClass::PushConstant);
  }

  static Value readAddress(OpBuilder &builder, Location loc, spirv::GlobalVariableOp addresses,
                           unsigned index) {
    Value all = spirv::AddressOfOp::create(builder, loc, addresses);
    Value number = spirv::ConstantOp::create(builder, loc, builder.getI32Type(),
                                             builder.getI32IntegerAttr(int32_t(index)));
    return spirv::LoadOp::create(builder, loc, spirv::AccessChainOp::create(builder, loc, all, number));
  }
};

//===------------------------------------------------------------------------------------------------------===//
// Global memory
//===------------------------------------------------------------------------------------------------------===//

struct AddressOffset final : OpConversionPattern<LLVM::GEPOp> {
  using OpConversionPattern::OpConversionPattern;

  LogicalResult matchAndRewrite(LLVM::GEPOp op, OpAdaptor adaptor,
                                ConversionPatternRewriter &rewriter) const override {
    LLVM::GEPIndicesAdaptor<ValueRange> indices(op.getRawConstantIndicesAttr(), adaptor.getDynamicIndices());
    if (!op.getElemType().isInteger(8) || indices.size() != 1)
      return rewriter.notifyMatchFailure(op, "is not an offset in bytes");
    Type i64 = rewriter.getI64Type();
    Value bytes = dyn_cast<Value>(indices[0]);
    if (!bytes)
      bytes = spirv::ConstantOp::create(rewriter, op.getLoc(), i64,
                                        rewriter.getI64IntegerAttr(cast<IntegerAttr>(indices[0]).getInt()));
    if (bytes.getType() != i64) bytes = spirv::SConvertOp::create(rewriter, op.getLoc(), i64, bytes);
    rewriter.replaceOpWithNewOp<spirv::IAddOp>(op, adaptor.getBase(), bytes);
    return success();
  }
};

/// What a load or store in SPIR-V is of.
struct Access {
  Value pointer;
  spirv::MemoryAccessAttr access;
  IntegerAttr alignment;
};

template <typename Op>
FailureOr<Access> accessOf(Op op, Value address, Type stored, ConversionPatternRewriter &rewriter) {
  if (!stored || op.getOrdering() != LLVM::AtomicOrdering::not_atomic || op.getVolatile_())
    return rewriter.notifyMatchFailure(op, "is no plain access of a scalar or short vector");
  // No alignment below that of a scalar is allowed, and the emitters' scalars are aligned.
  unsigned scalar = getElementTypeOrSelf(stored).getIntOrFloatBitWidth() / 8;
  unsigned alignment = std::max<unsigned>(scalar, op.getAlignment().value_or(1));
  auto type = spirv::PointerType::get(stored, StorageClass::PhysicalStorageBuffer);
  return Access{spirv::ConvertUToPtrOp::create(rewriter, op.getLoc(), type, address),
                spirv::MemoryAccessAttr::get(rewriter.getContext(), spirv::MemoryAccess::Aligned),
                rewriter.getI32IntegerAttr(int32_t(alignment))};
}

struct GlobalLoad final : OpConversionPattern<LLVM::LoadOp> {
  using OpConversionPattern::OpConversionPattern;

  LogicalResult matchAndRewrite(LLVM::LoadOp op, OpAdaptor adaptor,
                                ConversionPatternRewriter &rewriter) const override {
    auto of = accessOf(op, adaptor.getAddr(), getTypeConverter()->convertType(op.getType()), rewriter);
    if (failed(of)) return failure();
    rewriter.replaceOpWithNewOp<spirv::LoadOp>(op, of->pointer, of->access, of->alignment);
    return success();
  }
};

struct GlobalStore final : OpConversionPattern<LLVM::StoreOp> {
  using OpConversionPattern::OpConversionPattern;

  LogicalResult matchAndRewrite(LLVM::StoreOp op, OpAdaptor adaptor,
                                ConversionPatternRewriter &rewriter) const override {
    auto of = accessOf(op, adaptor.getAddr(), adaptor.getValue().getType(), rewriter);
    if (failed(of)) return failure();
    rewriter.replaceOpWithNewOp<spirv::StoreOp>(op, of->pointer, adaptor.getValue(), of->access,
                                                of->alignment);
    return success();
  }
};

//===------------------------------------------------------------------------------------------------------===//
// Work-group memory
//===------------------------------------------------------------------------------------------------------===//

struct SharedLoad final : OpConversionPattern<memref::LoadOp> {
  using OpConversionPattern::OpConversionPattern;

  LogicalResult matchAndRewrite(memref::LoadOp op, OpAdaptor adaptor,
                                ConversionPatternRewriter &rewriter) const override {
    if (!isWorkgroupMemory(op.getMemRefType())) return failure();
    rewriter.replaceOpWithNewOp<spirv::LoadOp>(
        op, spirv::AccessChainOp::create(rewriter, op.getLoc(), adaptor.getMemref(), adaptor.getIndices()));
    return success();
  }
};

struct SharedStore final : OpConversionPattern<memref::StoreOp> {
  using OpConversionPattern::OpConversionPattern;

  LogicalResult matchAndRewrite(memref::StoreOp op, OpAdaptor adaptor,
                                ConversionPatternRewriter &rewriter) const override {
    if (!isWorkgroupMemory(op.getMemRefType())) return failure();
    Value place =
        spirv::AccessChainOp::create(rewriter, op.getLoc(), adaptor.getMemref(), adaptor.getIndices());
    rewriter.replaceOpWithNewOp<spirv::StoreOp>(op, place, adaptor.getValue());
    return success();
  }
};

//===------------------------------------------------------------------------------------------------------===//
// Threads of a work group
//===------------------------------------------------------------------------------------------------------===//

/// MLIR's orders work-group memory only; rows that the group keeps in global memory are read behind it, too.
struct Barrier final : OpConversionPattern<gpu::BarrierOp> {
  using OpConversionPattern::OpConversionPattern;

  LogicalResult matchAndRewrite(gpu::BarrierOp op, OpAdaptor,
                                ConversionPatternRewriter &rewriter) const override {
    using spirv::MemorySemantics;
    rewriter.replaceOpWithNewOp<spirv::ControlBarrierOp>(op, spirv::Scope::Workgroup, spirv::Scope::Workgroup,
                                                         MemorySemantics::AcquireRelease |
                                                             MemorySemantics::WorkgroupMemory |
                                                             MemorySemantics::UniformMemory);
    return success();
  }
};

/// MLIR's has no form of a uniform reduction for Vulkan. The non-uniform ones do as well: they combine the
/// threads that are active, here all of them.
struct SubgroupReduce final : OpConversionPattern<gpu::SubgroupReduceOp> {
  using OpConversionPattern::OpConversionPattern;

  LogicalResult matchAndRewrite(gpu::SubgroupReduceOp op, OpAdaptor adaptor,
                                ConversionPatternRewriter &rewriter) const override {
    bool isFloat = isa<FloatType>(op.getType());
    switch (op.getOp()) {
    case gpu::AllReduceOperation::ADD:
      return isFloat ? reduce<spirv::GroupNonUniformFAddOp>(op, adaptor.getValue(), rewriter)
                     : reduce<spirv::GroupNonUniformIAddOp>(op, adaptor.getValue(), rewriter);
    case gpu::AllReduceOperation::MAXNUMF:
    case gpu::AllReduceOperation::MAXIMUMF:
      return reduce<spirv::GroupNonUniformFMaxOp>(op, adaptor.getValue(), rewriter);
    default:
      return rewriter.notifyMatchFailure(op, "reduces in a way that kernels don't");
    }
  }

private:
  template <typename Reduce>
  static LogicalResult reduce(gpu::SubgroupReduceOp op, Value value, ConversionPatternRewriter &rewriter) {
    if (op.getClusterSize() || isa<VectorType>(value.getType())) return failure();
    rewriter.replaceOpWithNewOp<Reduce>(op, value.getType(), spirv::Scope::Subgroup,
                                        spirv::GroupOperation::Reduce, value, Value());
    return success();
  }
};

/// MLIR (22.1) has no pattern for it.
struct CountBits final : OpConversionPattern<math::CtPopOp> {
  using OpConversionPattern::OpConversionPattern;

  LogicalResult matchAndRewrite(math::CtPopOp op, OpAdaptor adaptor,
                                ConversionPatternRewriter &rewriter) const override {
    if (!op.getType().isInteger(32)) return rewriter.notifyMatchFailure(op, "counts bits of more than a word");
    rewriter.replaceOpWithNewOp<spirv::BitCountOp>(op, op.getType(), adaptor.getOperand());
    return success();
  }
};

} // namespace

void lathe::populateKernelPatterns(const SPIRVTypeConverter &converter, RewritePatternSet &patterns) {
  patterns.add<KernelFunction, AddressOffset, GlobalLoad, GlobalStore, SharedLoad, SharedStore, Barrier,
               SubgroupReduce, CountBits>(converter, patterns.getContext(), kBeforeMlir);
}

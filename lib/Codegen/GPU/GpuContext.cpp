#include "Codegen/GPU/GpuContext.h"

#include "Codegen/GPU/Alignment.h"

#include "mlir/Dialect/LLVMIR/NVVMDialect.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SPIRV/IR/SPIRVOps.h"

using namespace mlir;
using namespace lathe;

/// Where global memory lies in LLVM's view of a GPU.
static constexpr unsigned kGlobal = 1;

GpuContext::GpuContext(OpBuilder &builder, exec::KernelOp kernel, const GpuVariant &variant,
                       const KernelFunction &part, gpu::GPUFuncOp function)
    : KernelContext((builder.setInsertionPointToStart(&function.getBody().front()), builder), kernel,
                    *part.kernelClass),
      variant(variant), part(part), function(function) {
  batch = function.getArgument(0);
  if (kernelClass.scratchBytes) scratch = function.getArgument(function.getNumArguments() - 1);
  thread = atStart([&] { return asI64(gpu::ThreadIdOp::create(this->builder, loc, gpu::Dimension::x)); });
}

LLVM::LLVMPointerType GpuContext::pointerType() const {
  return LLVM::LLVMPointerType::get(builder.getContext(), kGlobal);
}

Value GpuContext::loadBinding(unsigned index) { return function.getArgument(1 + index); }

Value GpuContext::asIndex(Value value) {
  return arith::IndexCastUIOp::create(builder, loc, builder.getIndexType(), value);
}

Value GpuContext::asI64(Value index) {
  return arith::IndexCastUIOp::create(builder, loc, builder.getI64Type(), index);
}

Value GpuContext::ifElse(Value condition, llvm::function_ref<Value()> then,
                         llvm::function_ref<Value()> otherwise) {
  auto branch = [&](llvm::function_ref<Value()> body) {
    return [this, body](OpBuilder &inner, Location) {
      OpBuilder::InsertionGuard guard(builder);
      builder.setInsertionPoint(inner.getInsertionBlock(), inner.getInsertionPoint());
      scf::YieldOp::create(builder, loc, body());
    };
  };
  return scf::IfOp::create(builder, loc, condition, branch(then), branch(otherwise)).getResult(0);
}

//===------------------------------------------------------------------------------------------------------===//
// Work-group memory
//===------------------------------------------------------------------------------------------------------===//

Value GpuContext::shared(Type element, int64_t count, int64_t alignment) {
  auto space = gpu::AddressSpaceAttr::get(builder.getContext(), gpu::AddressSpace::Workgroup);
  auto type = MemRefType::get({count}, element, MemRefLayoutAttrInterface(), space);
  Value memory = function.addWorkgroupAttribution(type, loc);
  if (alignment > kSharedAlignment)
    function.setWorkgroupAttributionAttr(int(function.getNumWorkgroupAttributions()) - 1,
                                         LLVM::LLVMDialect::getAlignAttrName(), builder.getI64IntegerAttr(alignment));
  return memory;
}

Value GpuContext::loadShared(Value memory, Value index) {
  return memref::LoadOp::create(builder, loc, memory, asIndex(index));
}

void GpuContext::storeShared(Value value, Value memory, Value index) {
  memref::StoreOp::create(builder, loc, value, memory, asIndex(index));
}

int64_t GpuContext::knownAlignment(Value address) const { return lathe::knownAlignment(function, address); }

//===------------------------------------------------------------------------------------------------------===//
// The work group is the team
//===------------------------------------------------------------------------------------------------------===//

void GpuContext::barrier() { gpu::BarrierOp::create(builder, loc); }

void GpuContext::forItems(Body body) {
  auto counts = [&](const GridFactor &factor) -> Value {
    size_t field = 0;
    switch (factor.kind) {
    case GridKind::Constant:
      return i64(factor.value);
    case GridKind::Rows:
      field = LATHE_BATCH(rows);
      break;
    case GridKind::Outputs:
      field = LATHE_BATCH(outputs);
      break;
    case GridKind::Segments:
      field = LATHE_BATCH(segments);
      break;
    case GridKind::Sequences:
      field = LATHE_BATCH(sequences);
      break;
    }
    return div(add(batchCount(field), int64_t(factor.value) - 1), factor.value);
  };
  Value items = i64(1);
  for (const GridFactor &factor : part.grid()) items = mul(items, counts(factor));
  Value x = asI64(gpu::BlockIdOp::create(builder, loc, gpu::Dimension::x));
  Value y = asI64(gpu::BlockIdOp::create(builder, loc, gpu::Dimension::y));
  Value groups = asI64(gpu::GridDimOp::create(builder, loc, gpu::Dimension::x));
  Value item = add(mul(y, groups), x);
  ifThen(less(item, items), [&] {
    if (kernelClass.scratchBytes && !part.isJoin) scratch = offset(scratch, mul(item, kernelClass.scratchBytes));
    body(item);
  });
}

void GpuContext::expectGroups(int64_t count) {
  function->setAttr(NVVM::NVVMDialect::getMinctasmAttrName(), builder.getI32IntegerAttr(int32_t(count)));
}

void GpuContext::forEach(int64_t count, Body body) {
  if (count > threads()) return forRange(thread, i64(count), threads(), body);
  ifThen(less(thread, i64(count)), [&] { body(thread); });
}

void GpuContext::onThread(int64_t index, llvm::function_ref<void()> body) {
  ifThen(equals(thread, i64(index % threads())), body);
}

/// What whole steps leave over: pieces of half the step and less.
static void forRest(int64_t columns, int64_t step, llvm::function_ref<void(int64_t, int64_t)> body) {
  for (int64_t column = columns / step * step; column < columns; column += step) {
    while (step > columns - column) step /= 2;
    body(column, step);
  }
}

void GpuContext::forColumns(int64_t columns, ColumnsBody body, int64_t step) {
  if (int64_t whole = columns / step)
    forEach(whole, [&](Value number) { body(mul(number, step), step); });
  int64_t piece = 0;
  forRest(columns, step, [&](int64_t column, int64_t width) {
    onThread(piece++, [&] { body(i64(column), width); });
  });
}

void GpuContext::forBlocks(int64_t blocks, int64_t columns,
                           llvm::function_ref<void(Value, Value, int64_t)> body) {
  int64_t step = columnStep(), whole = columns / step;
  if (whole)
    forEach(blocks * whole, [&](Value number) {
      if (blocks == 1) return body(i64(0), mul(number, step), step);
      body(div(number, whole), mul(rem(number, whole), step), step);
    });
  forRest(columns, step, [&](int64_t column, int64_t width) {
    forEach(blocks, [&](Value block) { body(block, i64(column), width); });
  });
}

Value GpuContext::foldColumns(Fold fold, int64_t columns, ColumnsValue body) {
  int64_t step = columnStep(), whole = columns / step;
  Value lanes = neutral(fold, step);
  if (whole)
    lanes = forRange(thread, i64(whole), threads(), lanes, [&](Value number, ValueRange carried) {
      return SmallVector<Value>{combine(fold, body(mul(number, step), step), carried[0])};
    })[0];
  Value own = combineLanes(fold, lanes);
  int64_t piece = 0;
  forRest(columns, step, [&](int64_t column, int64_t width) {
    own = ifElse(
        equals(thread, i64(piece++)),
        [&] { return combine(fold, combineLanes(fold, body(i64(column), width)), own); }, [&] { return own; });
  });
  return foldThreads(fold, own);
}

Value GpuContext::foldSubgroup(Fold fold, Value scalar) {
  if (variant.subgroupSize == 0) {
    auto kind = fold == Fold::Max ? gpu::AllReduceOperation::MAXNUMF : gpu::AllReduceOperation::ADD;
    return gpu::SubgroupReduceOp::create(builder, loc, scalar, kind, /*uniform=*/true);
  }
  for (int64_t distance = variant.subgroupSize / 2; distance; distance /= 2) {
    auto shuffle = gpu::ShuffleOp::create(builder, loc, scalar, int32_t(distance), int32_t(variant.subgroupSize),
                                          gpu::ShuffleMode::XOR);
    scalar = combine(fold, shuffle.getShuffleResult(), scalar);
  }
  return scalar;
}

Value GpuContext::foldThreads(Fold fold, Value scalar) {
  Type type = scalar.getType(), i32 = builder.getI32Type();
  auto cast = [&](Value value, Type to) -> Value {
    return value.getType() == to ? value : arith::BitcastOp::create(builder, loc, to, value).getResult();
  };
  // A subgroup may be as small as one thread.
  if (!partials_) partials_ = shared(i32, threads());
  Value sum = foldSubgroup(fold, scalar), subgroup, lane, subgroups;
  if (variant.subgroupSize) {
    subgroup = div(thread, variant.subgroupSize);
    lane = rem(thread, variant.subgroupSize);
    subgroups = i64(threads() / variant.subgroupSize);
  } else {
    subgroup = asI64(gpu::SubgroupIdOp::create(builder, loc, IntegerAttr()));
    lane = asI64(gpu::LaneIdOp::create(builder, loc, IntegerAttr()));
    subgroups = asI64(gpu::NumSubgroupsOp::create(builder, loc, IntegerAttr()));
  }
  ifThen(equals(lane, i64(0)), [&] { storeShared(cast(sum, i32), partials_, subgroup); });
  barrier();
  Value first = cast(loadShared(partials_, i64(0)), type);
  Value total = forRange(i64(1), subgroups, 1, first, [&](Value index, ValueRange carried) {
    return SmallVector<Value>{combine(fold, cast(loadShared(partials_, index), type), carried[0])};
  })[0];
  barrier(); // before the memory is used again
  return total;
}

//===------------------------------------------------------------------------------------------------------===//
// Tables and products of bytes
//===------------------------------------------------------------------------------------------------------===//

Value GpuContext::permute(ArrayRef<float>, Value) { llvm_unreachable("permutedEntries() is 0"); }

/// A tree of choices, bit by bit: registers only.
Value GpuContext::lookUp(ArrayRef<float> table, Value indices) {
  auto type = cast<VectorType>(indices.getType());
  int64_t width = type.getDimSize(0);
  SmallVector<Value> entries;
  for (float number : table) entries.push_back(splat(double(number), width));
  for (unsigned bit = 0; entries.size() > 1; ++bit) {
    Value mask = arith::ConstantOp::create(builder, loc, DenseElementsAttr::get(type, APInt(32, 1u << bit)));
    Value zero = arith::ConstantOp::create(builder, loc, DenseElementsAttr::get(type, APInt(32, 0)));
    Value set = arith::CmpIOp::create(builder, loc, arith::CmpIPredicate::ne, andI(indices, mask), zero);
    SmallVector<Value> next;
    for (size_t i = 0; i < entries.size(); i += 2)
      next.push_back(i + 1 < entries.size() ? select(set, entries[i + 1], entries[i]) : entries[i]);
    entries = std::move(next);
  }
  return entries.front();
}

/// One word of codes, in one instruction.
Value GpuContext::dotWord(Value code, int64_t codeBits, Value x, Value sum) {
  Type type = sum.getType();
  if (variant.isCuda()) {
    auto bytes = [&](Value word) -> Value {
      return LLVM::BitcastOp::create(builder, loc, VectorType::get(4, builder.getI8Type()), word);
    };
    return NVVM::DotAccumulate4WayOp::create(builder, loc, type, bytes(code),
                                             NVVM::DotAccumulateType::UNSIGNED, bytes(x),
                                             NVVM::DotAccumulateType::SIGNED, sum);
  }
  // More devices have an instruction for two signed operands than for mixed ones, and codes below 128 are
  // both.
  auto format = spirv::PackedVectorFormatAttr::get(builder.getContext(),
                                                   spirv::PackedVectorFormat::PackedVectorFormat4x8Bit);
  Value dot = codeBits < 8 ? spirv::SDotOp::create(builder, loc, type, x, code, format).getResult()
                           : spirv::SUDotOp::create(builder, loc, type, x, code, format).getResult();
  return add(dot, sum);
}

Value GpuContext::dot4(Value codes, int64_t codeBits, Value x, Value sums) {
  auto type = cast<VectorType>(codes.getType());
  int64_t width = type.getDimSize(0);
  if (variant.hasDot4) {
    for (int64_t lane = 0; lane < width; ++lane) {
      Value code = vector::ExtractOp::create(builder, loc, codes, lane);
      Value sum = vector::ExtractOp::create(builder, loc, sums, lane);
      sums = vector::InsertOp::create(builder, loc, dotWord(code, codeBits, x, sum), sums, lane);
    }
    return sums;
  }
  for (int64_t byte = 0; byte < 4; ++byte) {
    Value code = andI(arith::ShRUIOp::create(builder, loc, codes, splat(i32(8 * byte), width)),
                      splat(i32(255), width));
    Value up = arith::ShLIOp::create(builder, loc, x, i32(24 - 8 * byte));
    Value signedX = arith::ShRSIOp::create(builder, loc, up, i32(24));
    sums = add(sums, mul(code, splat(signedX, width)));
  }
  return sums;
}

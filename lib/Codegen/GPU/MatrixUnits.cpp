#include "Codegen/GPU/MatrixUnits.h"

#include "mlir/Dialect/LLVMIR/NVVMDialect.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"

using namespace mlir;
using namespace lathe;

static Type structOf(Type element) {
  return LLVM::LLVMStructType::getLiteral(element.getContext(), SmallVector<Type>(4, element));
}

static std::array<Value, 4> unpack(GpuContext &on, Value fields) {
  std::array<Value, 4> values;
  for (int64_t i = 0; i < 4; ++i) values[i] = LLVM::ExtractValueOp::create(on.builder, on.loc, fields, i);
  return values;
}

bool lathe::canMultiplyTiles(const GpuVariant &variant, TileNumbers numbers) {
  return numbers == TileNumbers::Bytes ? variant.matrixUnits.bytes : variant.matrixUnits.halves;
}

TileSums lathe::multiplyTile(GpuContext &on, TileNumbers numbers, TileRows a, TileColumns b, TileSums c) {
  using Types = std::optional<std::array<NVVM::MMATypes, 2>>;
  constexpr std::array<NVVM::MMALayout, 2> layouts = {NVVM::MMALayout::row, NVVM::MMALayout::col};
  Type sum = c[0].getType();
  auto multiply = [&](ValueRange rows, ValueRange columns, std::optional<NVVM::MMAIntOverflow> overflow,
                      Types types) {
    Value result = NVVM::MmaOp::create(
        on.builder, on.loc, structOf(sum), rows, columns, c,
        {MatrixTile::kRows, MatrixTile::kColumns, MatrixTile::kWords * numbersInWord(numbers)}, std::nullopt,
        overflow, types, layouts);
    return unpack(on, result);
  };
  if (numbers == TileNumbers::Bytes)
    return multiply(a, b, NVVM::MMAIntOverflow::wrapped, Types({NVVM::MMATypes::s8, NVVM::MMATypes::u8}));
  if (numbers == TileNumbers::Bf16)
    return multiply(a, b, std::nullopt, Types({NVVM::MMATypes::bf16, NVVM::MMATypes::bf16}));
  auto pairs = [&](ArrayRef<Value> words) {
    SmallVector<Value> result;
    for (Value word : words)
      result.push_back(
          LLVM::BitcastOp::create(on.builder, on.loc, VectorType::get(2, on.builder.getF16Type()), word));
    return result;
  };
  return multiply(pairs(a), pairs(b), std::nullopt, Types({NVVM::MMATypes::f16, NVVM::MMATypes::f16}));
}

TileRows lathe::loadTileRows(GpuContext &on, Value address) {
  auto shape = NVVM::LdStMatrixShapeAttr::get(on.builder.getContext(), 8, 8);
  Value words = NVVM::LdMatrixOp::create(on.builder, on.loc, structOf(on.builder.getI32Type()), address, 4u,
                                         NVVM::MMALayout::row, shape, NVVM::LdStMatrixEltType::B16);
  return unpack(on, words);
}

Value lathe::sharedAddress(GpuContext &on, Value memory) {
  Value index = memref::ExtractAlignedPointerAsIndexOp::create(on.builder, on.loc, memory);
  Value number = arith::IndexCastOp::create(on.builder, on.loc, on.builder.getI64Type(), index);
  return LLVM::IntToPtrOp::create(on.builder, on.loc, LLVM::LLVMPointerType::get(on.builder.getContext(), 3),
                                  number);
}

void lathe::copyAsync(GpuContext &on, Value to, Value from, int64_t bytes, Value valid) {
  // Other groups read the same rows of x; only copies of 16 bytes may pass by the first cache.
  auto cache = bytes == 16 ? NVVM::LoadCacheModifierKind::CG : NVVM::LoadCacheModifierKind::CA;
  NVVM::CpAsyncOp::create(on.builder, on.loc, to, from, uint32_t(bytes), cache, valid);
}

void lathe::awaitCopies(GpuContext &on) {
  NVVM::CpAsyncCommitGroupOp::create(on.builder, on.loc);
  NVVM::CpAsyncWaitGroupOp::create(on.builder, on.loc, 0u);
}

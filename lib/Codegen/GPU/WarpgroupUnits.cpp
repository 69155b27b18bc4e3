#include "Codegen/GPU/WarpgroupUnits.h"

using namespace mlir;
using namespace lathe;

Value lathe::describeMatrix(GpuContext &on, Value address, int64_t lineBytes) {
  Value begin = LLVM::PtrToIntOp::create(on.builder, on.loc, on.builder.getI64Type(), address);
  // Work-group memory has 18 bits of address, in units of 16 bytes.
  Value field = on.div(arith::AndIOp::create(on.builder, on.loc, begin, on.i64(0x3ffff)), 16);
  int64_t swizzle = lineBytes == 128 ? 1 : lineBytes == 64 ? 2 : 3;
  uint64_t others = uint64_t(1) << 16 // between columns of pieces: not read where they are swizzled
                    | uint64_t(8 * lineBytes / 16) << 32 // from eight lines to the next eight
                    | uint64_t(swizzle) << 62;
  return arith::OrIOp::create(on.builder, on.loc, field, on.i64(int64_t(others)));
}

/// m64n64k32.s32.s8.s8 and the like, and what stands behind the operands: no negation, no transposition.
static std::pair<StringRef, StringRef> formOf(TileNumbers numbers) {
  switch (numbers) {
  case TileNumbers::Bytes:
    return {"m64n64k32.s32.s8.s8", ""};
  case TileNumbers::Bf16:
    return {"m64n64k16.f32.bf16.bf16", ", 1, 1, 0, 0"};
  case TileNumbers::F16:
    return {"m64n64k16.f32.f16.f16", ", 1, 1, 0, 0"};
  }
  llvm_unreachable("all numbers are listed");
}

/// The instructions of all products, up to the end of the last: nothing that LLVM adds may come between them
/// and touch their registers.
static std::string instructions(TileNumbers numbers, size_t products, bool adds) {
  auto [form, behind] = formOf(numbers);
  std::string sums, text =
                        "{\n\t.reg .pred none, more;\n\tsetp.ne.b32 none, 0, 0;\n\tsetp.ne.b32 more, 1, 0;\n"
                        "\twgmma.fence.sync.aligned;\n";
  for (int64_t i = 0; i < WarpgroupTile::kSums; ++i) sums += (i ? ", $" : "$") + std::to_string(i);
  size_t operand = WarpgroupTile::kSums * (adds ? 2 : 1);
  for (size_t i = 0; i < products; ++i, operand += 2)
    text += ("\twgmma.mma_async.sync.aligned." + form + " {" + sums + "}, $" + Twine(operand) + ", $" +
             Twine(operand + 1) + (adds || i ? ", more" : ", none") + behind + ";\n")
                .str();
  return text + "\twgmma.commit_group.sync.aligned;\n\twgmma.wait_group.sync.aligned 0;\n\t}";
}

static LLVM::InlineAsmOp emitAssembly(GpuContext &on, TypeRange result, ValueRange operands, StringRef text,
                                      StringRef constraints) {
  auto dialect = LLVM::AsmDialectAttr::get(on.builder.getContext(), LLVM::AsmDialect::AD_ATT);
  return LLVM::InlineAsmOp::create(on.builder, on.loc, result, operands, text, constraints,
                                   /*has_side_effects=*/true, /*is_align_stack=*/false,
                                   LLVM::TailCallKind::None, dialect, ArrayAttr());
}

SmallVector<Value> lathe::multiplyWarpgroup(GpuContext &on, TileNumbers numbers,
                                            ArrayRef<WarpgroupOperands> products, ValueRange sums) {
  bool integers = numbers == TileNumbers::Bytes;
  Type sum = integers ? Type(on.builder.getI32Type()) : Type(on.builder.getF32Type());
  std::string constraints;
  for (int64_t i = 0; i < WarpgroupTile::kSums; ++i) constraints += integers ? "=r," : "=f,";
  for (size_t i = 0; i < sums.size(); ++i) constraints += std::to_string(i) + ",";
  SmallVector<Value> operands(sums);
  for (WarpgroupOperands product : products) {
    operands.append({product.rows, product.columns});
    constraints += "l,l,";
  }
  auto all =
      LLVM::LLVMStructType::getLiteral(on.builder.getContext(), SmallVector<Type>(WarpgroupTile::kSums, sum));
  Value fields = emitAssembly(on, Type(all), operands, instructions(numbers, products.size(), !sums.empty()),
                              constraints + "~{memory}")
                     .getRes();
  SmallVector<Value> result;
  for (int64_t i = 0; i < WarpgroupTile::kSums; ++i)
    result.push_back(LLVM::ExtractValueOp::create(on.builder, on.loc, fields, i));
  return result;
}

void lathe::showToWarpgroup(GpuContext &on) {
  emitAssembly(on, {}, {}, "fence.proxy.async.shared::cta;", "~{memory}");
}

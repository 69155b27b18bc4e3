// What lowering to SPIR-V does to numbers, and what it asks of devices.
#include "Codegen/GPU/CompileProgram.h"
#include "Codegen/GPU/EmitKernels.h"
#include "Codegen/GPU/ToSpirv.h"
#include "Codegen/Kernel/MathExpansion.h"
#include "Exec/ExecDialect.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/Matchers.h"
#include "mlir/Parser/Parser.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"

#include "llvm/ADT/APFloat.h"

#include "gtest/gtest.h"

using namespace lathe;
using namespace mlir;

namespace {

/// Expands a conversion of `inputs` and folds what it became.
DenseElementsAttr convert(MLIRContext &context, DenseElementsAttr inputs, Type to) {
  context.loadDialect<arith::ArithDialect, func::FuncDialect>();
  OpBuilder builder(&context);
  Location loc = builder.getUnknownLoc();
  auto type = cast<VectorType>(inputs.getType()).clone(to);
  OwningOpRef<func::FuncOp> function =
      func::FuncOp::create(builder, loc, "f", builder.getFunctionType({}, {type}));
  builder.setInsertionPointToStart(function->addEntryBlock());
  Value x = arith::ConstantOp::create(builder, loc, inputs);
  Value y = to.isF16() ? arith::TruncFOp::create(builder, loc, type, x).getResult()
                       : arith::ExtFOp::create(builder, loc, type, x).getResult();
  func::ReturnOp::create(builder, loc, y);
  expandHalfFloats(*function);
  EXPECT_TRUE(succeeded(applyPatternsGreedily(*function, RewritePatternSet(&context))));
  DenseElementsAttr result;
  EXPECT_TRUE(matchPattern(function->front().getTerminator()->getOperand(0), m_Constant(&result)));
  return result;
}

bool sameNumber(const APFloat &a, const APFloat &b) {
  return a.isNaN() ? b.isNaN() : a.bitwiseIsEqual(b);
}

TEST(HalfFloats, EveryHalfBecomesItsFloat) {
  MLIRContext context;
  SmallVector<APFloat> halves;
  for (unsigned bits = 0; bits < 65536; ++bits) halves.emplace_back(APFloat::IEEEhalf(), APInt(16, bits));
  auto type = VectorType::get({65536}, Float16Type::get(&context));
  auto result = convert(context, DenseElementsAttr::get(type, halves), Float32Type::get(&context));
  ASSERT_TRUE(result);
  for (auto [half, wide] : llvm::zip(halves, result.getValues<APFloat>())) {
    APFloat expected = half;
    bool inexact;
    expected.convert(APFloat::IEEEsingle(), APFloat::rmNearestTiesToEven, &inexact);
    ASSERT_TRUE(sameNumber(expected, wide)) << half.convertToFloat();
  }
}

TEST(HalfFloats, FloatsRoundToTheNearestEvenHalf) {
  MLIRContext context;
  SmallVector<APFloat> floats;
  // Around every half and between it and the next: all cases of rounding, overflow and what vanishes.
  for (unsigned bits = 0; bits < 65536; bits += 7) {
    APFloat half(APFloat::IEEEhalf(), APInt(16, bits));
    bool inexact;
    half.convert(APFloat::IEEEsingle(), APFloat::rmNearestTiesToEven, &inexact);
    uint64_t middle = half.bitcastToAPInt().getZExtValue();
    for (int64_t step : {-0x1001, -0x1000, -0xfff, -1, 0, 1, 0xfff, 0x1000, 0x1001})
      floats.emplace_back(APFloat::IEEEsingle(), APInt(32, uint32_t(middle + uint64_t(step))));
  }
  for (float number : {0x1p-24f, 0x1p-25f, 0x1.8p-25f, 0x1p-26f, 1e-40f, 65519.0f, 65520.0f, 1e30f, INFINITY})
    floats.emplace_back(number);
  auto type = VectorType::get({int64_t(floats.size())}, Float32Type::get(&context));
  auto result = convert(context, DenseElementsAttr::get(type, floats), Float16Type::get(&context));
  ASSERT_TRUE(result);
  for (auto [wide, half] : llvm::zip(floats, result.getValues<APFloat>())) {
    APFloat expected = wide;
    bool inexact;
    expected.convert(APFloat::IEEEhalf(), APFloat::rmNearestTiesToEven, &inexact);
    ASSERT_TRUE(sameNumber(expected, half)) << wide.convertToFloat();
  }
}

const char *const kKernel = R"(
module attributes {gpu.container_module} {
  gpu.module @m {
    gpu.func @k(%in: !llvm.ptr<1>) kernel attributes {known_block_size = array<i32: 32, 1, 1>} {
      %x = llvm.load %in {alignment = 1 : i64} : !llvm.ptr<1> -> i8
      llvm.store %x, %in {alignment = 1 : i64} : i8, !llvm.ptr<1>
      gpu.return
    }
  }
})";

TEST(Spirv, AFeatureThatTheVariantLacksIsAnError) {
  MLIRContext context;
  loadGpuDialects(context);
  auto module = parseSourceString<ModuleOp>(kKernel, &context);
  ASSERT_TRUE(module);
  auto function = *(*module->getOps<gpu::GPUModuleOp>().begin()).getOps<gpu::GPUFuncOp>().begin();
  std::string errors;
  ScopedDiagnosticHandler handler(&context, [&](Diagnostic &diagnostic) { errors += diagnostic.str(); });

  GpuVariant variant = gpuVariants(GpuTarget::Vulkan).front();
  auto words = compileSpirv(function, variant);
  ASSERT_TRUE(succeeded(words)) << errors;
  ASSERT_EQ(words->size() % 4, 0u);
  uint32_t magic;
  std::memcpy(&magic, words->data(), 4);
  EXPECT_EQ(magic, 0x07230203u);

  const StringRef few[] = {"bufferDeviceAddress", "shaderInt64", "shaderInt8"};
  variant.requiredFeatures = few;
  EXPECT_TRUE(failed(compileSpirv(function, variant)));
  EXPECT_NE(errors.find("uses Vulkan's storageBuffer8BitAccess"), std::string::npos) << errors;
}

/// The names of the variants that are kept of both of Vulkan's, for a kernel that multiplies rows `x` by
/// weights `w`.
std::vector<std::string> variantsFor(const std::string &slice, const std::string &x, const std::string &w) {
  MLIRContext context;
  context.loadDialect<LatheDialect, exec::ExecDialect>();
  auto module = parseSourceString<ModuleOp>(
      "exec.program @p for \"vulkan\" attributes {max_rows = 512 : i64, max_outputs = 16 : i64} {\n"
      "exec.kernel @k over rows slices [" +
          slice + ", unit, !exec.slice<rows by 64 of f32, stride 256>] states {} {\n^bb0(%x: " + x +
          ", %w: " + w + "):\n %y = lathe.linear %x, [%w] : " + x + ", [" + w +
          "] -> tensor<?x64xf32>\n lathe.yield %y : tensor<?x64xf32>\n}\n}",
      &context);
  if (!module) return {};
  auto code = compileGpuProgram(*module->getOps<exec::ProgramOp>().begin(), {"vulkan1.2", "vulkan1.3"});
  std::vector<std::string> names;
  if (succeeded(code))
    for (const VariantCode &variant : code->variants) names.push_back(variant.name);
  return names;
}

TEST(Spirv, AVariantThatAddsNothingIsLeftOut) {
  EXPECT_EQ(variantsFor("!exec.slice<rows by 64 of f32, stride 256>", "tensor<?x64xf32>",
                        "!lathe.weight<64x64xf32, panel 64>"),
            std::vector<std::string>({"vulkan1.2"}));
  EXPECT_EQ(variantsFor("!exec.slice<rows by 64 of i8, stride 192, group 64>",
                        "tensor<?x64xi8, #lathe.quantized_rows<64>>",
                        "!lathe.weight<64x64x<si8, block 1x0, scale <f32>>, panel 64>"),
            std::vector<std::string>({"vulkan1.2", "vulkan1.3"}));
}

} // namespace

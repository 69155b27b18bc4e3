// What a flat image is made of, and what it refuses.
#include "KernelHarness.h"

#include "Codegen/CPU/FlatImage.h"
#include "Codegen/CPU/Lowering.h"
#include "Codegen/CPU/ObjectCode.h"
#include "Exec/ExecDialect.h"

#include "mlir/Parser/Parser.h"
#include "gtest/gtest.h"

using namespace lathe;
using namespace lathe::test;

namespace {

/// Compiles a module of the LLVM dialect and links it alone.
llvm::Expected<FlatImage> link(const std::string &text, std::vector<std::string> symbols) {
  mlir::MLIRContext context;
  loadCodegenDialects(context);
  auto module = mlir::parseSourceString<mlir::ModuleOp>(text, &context);
  auto object = compileObject(*module, cpuVariants().front(), false, false);
  if (failed(object)) return llvm::createStringError("does not compile");
  llvm::ArrayRef<char> bytes(object->bytes);
  return linkFlatImage(bytes, symbols);
}

TEST(FlatImage, KnowsItsEntries) {
  auto image = link(R"(
    llvm.func @first(%x: f32) -> f32 {
      %c = llvm.mlir.constant(1.5 : f32) : f32
      %y = llvm.fmul %x, %c : f32
      llvm.return %y : f32
    }
    llvm.func @second(%x: f32) -> f32 { llvm.return %x : f32 })",
                    {"second", "first"});
  ASSERT_TRUE(bool(image)) << llvm::toString(image.takeError());
  ASSERT_EQ(image->entries.size(), 2u);
  EXPECT_NE(image->entries[0], image->entries[1]);
  for (uint64_t entry : image->entries) EXPECT_LT(entry, image->bytes.size());
}

void expectRefusal(const std::string &text, const std::string &reason) {
  auto image = link(text, {"kernel"});
  ASSERT_FALSE(bool(image));
  EXPECT_NE(llvm::toString(image.takeError()).find(reason), std::string::npos);
}

TEST(FlatImage, RefusesCallsToLibraries) {
  expectRefusal(R"(
    llvm.func @expf(f32) -> f32
    llvm.func @kernel(%x: f32) -> f32 {
      %y = llvm.call @expf(%x) : (f32) -> f32
      llvm.return %y : f32
    })",
                "expf");
}

TEST(FlatImage, RefusesWritableData) {
  expectRefusal(R"(
    llvm.mlir.global internal @count(1 : i32) : i32
    llvm.func @kernel(%x: i32) {
      %p = llvm.mlir.addressof @count : !llvm.ptr
      llvm.store volatile %x, %p : i32, !llvm.ptr
      llvm.return
    })",
                "read-only");
}

TEST(FlatImage, RefusesAddressesInConstants) {
  expectRefusal(R"(
    llvm.func @other(%x: i32) { llvm.return }
    llvm.mlir.global external constant @table() : !llvm.ptr {
      %p = llvm.mlir.addressof @other : !llvm.ptr
      llvm.return %p : !llvm.ptr
    }
    llvm.func @kernel() -> !llvm.ptr {
      %p = llvm.mlir.addressof @table : !llvm.ptr
      llvm.return %p : !llvm.ptr
    })",
                "not relative");
}

TEST(FlatImage, BytesDoNotDependOnThreads) {
  const char *text = R"(exec.program @cpu for "cpu" attributes {max_rows = 8 : i64, max_outputs = 8 : i64} {
    exec.kernel @a over rows slices [!exec.slice<rows by 64 of f32, stride 256>, !exec.slice<rows by 64 of f32, stride 256>] states {} {
    ^bb0(%x: tensor<?x64xf32>):
      %y = lathe.activation gelu %x : tensor<?x64xf32>
      lathe.yield %y : tensor<?x64xf32>
    }
    exec.kernel @b over rows slices [!exec.slice<rows by 64 of f32, stride 256>, !exec.slice<rows by 64 of f32, stride 256>] states {} {
    ^bb0(%x: tensor<?x64xf32>):
      %y = lathe.l2_normalize %x epsilon 1.0e-12 : tensor<?x64xf32>
      lathe.yield %y : tensor<?x64xf32>
    }
  })";
  std::vector<std::vector<char>> images;
  for (bool threads : {true, false}) {
    mlir::MLIRContext context(threads ? mlir::MLIRContext::Threading::ENABLED
                                      : mlir::MLIRContext::Threading::DISABLED);
    context.loadDialect<LatheDialect, exec::ExecDialect>();
    auto module = mlir::parseSourceString<mlir::ModuleOp>(text, &context);
    auto code = compileCpuProgram(*module->getBody()->getOps<exec::ProgramOp>().begin(), {"avx2", "avx512vnni"});
    ASSERT_TRUE(succeeded(code));
    for (VariantCode &variant : code->variants) images.push_back(variant.image);
  }
  EXPECT_EQ(images[0], images[2]);
  EXPECT_EQ(images[1], images[3]);
}

} // namespace

// The collector keeps every remark, in an order that does not depend on threads.
#include "Remarks.h"

#include "Lathe/LatheDialect.h"
#include "Pipeline.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Parser/Parser.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Pass/PassRegistry.h"

#include <gtest/gtest.h>

using namespace mlir;
using namespace lathe;

namespace {

/// Functions f0, f1 ..., each with a gated product and two linears that can't be merged.
std::string manyFunctions(int count) {
  std::string text;
  for (int i = 0; i < count; ++i) {
    std::string number = std::to_string(i);
    text += "func.func @f" + number + R"((%x: tensor<?x8xf32>) -> (tensor<?x8xf32>, tensor<?x8xf32>) {
      %g = lathe.param "g)" + number + R"(" from "model" : !lathe.weight<8x8xf32>
      %u = lathe.param "u)" + number + R"(" from "model" : !lathe.weight<8x8xf32>
      %n = lathe.param "n)" + number + R"(" from "model" : !lathe.weight<8x8xbf16>
      %0 = lathe.linear %x, [%g] : tensor<?x8xf32>, [!lathe.weight<8x8xf32>] -> tensor<?x8xf32>
      %1 = lathe.linear %x, [%u] : tensor<?x8xf32>, [!lathe.weight<8x8xf32>] -> tensor<?x8xf32>
      %2 = lathe.activation silu %0 : tensor<?x8xf32>
      %3 = lathe.mul %2, %1 : tensor<?x8xf32>
      %4 = lathe.linear %x, [%n] : tensor<?x8xf32>, [!lathe.weight<8x8xbf16>] -> tensor<?x8xf32>
      return %3, %4 : tensor<?x8xf32>, tensor<?x8xf32>
    }
    )";
  }
  return text;
}

std::string remarksOf(MLIRContext::Threading threading, int functions) {
  MLIRContext context(threading);
  context.loadDialect<LatheDialect, func::FuncDialect>();
  RemarkCollector collector(context);
  auto module = parseSourceString<ModuleOp>(manyFunctions(functions), &context);
  PassManager manager(&context);
  EXPECT_TRUE(
      succeeded(parsePassPipeline("func.func(lathe-pair-gate-up,lathe-merge-linears)", manager)));
  EXPECT_TRUE(module && succeeded(manager.run(*module)));
  std::string text;
  llvm::raw_string_ostream out(text);
  printRemarks(out, collector.take());
  EXPECT_TRUE(collector.take().empty());
  return text;
}

} // namespace

TEST(RemarkCollector, KeepsAllInOneOrder) {
  registerPasses();
  constexpr int functions = 64;
  std::string alone = remarksOf(MLIRContext::Threading::DISABLED, functions);
  EXPECT_EQ(llvm::StringRef(alone).count("passed pair-gate-up @f"), unsigned(functions));
  EXPECT_EQ(llvm::StringRef(alone).count("missed merge-linears @f"), 2u * functions);
  EXPECT_NE(alone.find("missed merge-linears @f7 -:"), std::string::npos) << alone.substr(0, 400);
  for (int run = 0; run < 10; ++run)
    EXPECT_EQ(remarksOf(MLIRContext::Threading::ENABLED, functions), alone);
}

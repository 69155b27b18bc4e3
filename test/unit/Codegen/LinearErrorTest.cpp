// What a linear or an embedding refuses on CPUs: an error at the op, which says what to do.
#include "PackedWeights.h"

#include "Exec/ExecDialect.h"

#include "mlir/IR/Diagnostics.h"
#include "mlir/Parser/Parser.h"
#include "gtest/gtest.h"

using namespace lathe;
using namespace lathe::test;

namespace {

/// The error of compiling a kernel @k; empty where it compiles.
std::string compileError(const std::string &arguments, const std::string &slices, const std::string &body) {
  mlir::MLIRContext context;
  context.loadDialect<LatheDialect, exec::ExecDialect>();
  std::string message;
  mlir::ScopedDiagnosticHandler handler(&context, [&](mlir::Diagnostic &diagnostic) {
    message += diagnostic.str();
    return mlir::success();
  });
  std::string text = "exec.program @cpu for \"cpu\" attributes {max_rows = 64 : i64, max_outputs = 4 : i64} "
                     "{\n exec.kernel @k over "
                     "rows slices [" +
                     slices + "] states {} {\n ^bb0(" + arguments + "):\n " + body + "\n}\n}";
  auto module = mlir::parseSourceString<mlir::ModuleOp>(text, &context);
  if (!module) return "does not parse: " + message;
  auto code = compileCpuProgram(*module->getBody()->getOps<exec::ProgramOp>().begin(), {"avx2"});
  EXPECT_EQ(failed(code), !message.empty());
  return message;
}

const std::string kRows = "!exec.slice<rows by 64 of f32, stride 256>";
const std::string kQuantized = "!exec.slice<rows by 64 of i8, stride 192, group 32>";

std::string linearError(const std::string &weight, bool quantized) {
  std::string x = quantized ? "tensor<?x64xi8, #lathe.quantized_rows<32>>" : "tensor<?x64xf32>",
              y = "tensor<?x64xf32>";
  return compileError("%x: " + x + ", %w: " + weight, (quantized ? kQuantized : kRows) + ", unit, " + kRows,
                      "%y = lathe.linear %x, [%w] : " + x + ", [" + weight + "] -> " + y +
                          "\n lathe.yield %y : " + y);
}

TEST(LinearErrors, QuantizedRowsNeedIntegerCodes) {
  std::string error = linearError(PackedWeights::typeText(64, 64, "f32"), true);
  EXPECT_NE(error.find("codes that are not integers; leave its input unquantized"), std::string::npos)
      << error;
}

TEST(LinearErrors, GroupsOfTheInputDivideBlocksOfTheWeights) {
  std::string error = linearError(PackedWeights::typeText(64, 64, "<si8, block 1x16, scale <f32>>"), true);
  EXPECT_NE(error.find("which groups of 32 columns of the input do not divide"), std::string::npos) << error;
}

TEST(LinearErrors, WeightsArePacked) {
  std::string error = linearError("!lathe.weight<64x64xf32>", false);
  EXPECT_NE(error.find("lathe.pack makes them"), std::string::npos) << error;
}

TEST(LinearErrors, WholeRowOpsDoNotFollow) {
  std::string t = "tensor<?x64xf32>", w = PackedWeights::typeText(64, 64, "f32"), v = "!lathe.weight<64xf32>";
  std::string error = compileError("%x: " + t + ", %w: " + w + ", %s: " + v, kRows + ", unit, unit, " + kRows,
                                   "%y = lathe.linear %x, [%w] : " + t + ", [" + w + "] -> " + t +
                                       "\n %n = lathe.rms_norm %y, %s epsilon 1.0e-5 : " + t + ", " + v +
                                       "\n lathe.yield %n : " + t);
  EXPECT_NE(error.find("can't be computed element by element behind lathe.linear"), std::string::npos)
      << error;
}

} // namespace

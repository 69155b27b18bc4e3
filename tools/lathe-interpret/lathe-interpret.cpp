// lathe-interpret: runs the functions of a file in the interpreter and prints what they give.
//
// Each argument takes its value from an attribute `lathe.value`: rows and indices from a dense tensor, the
// batch from {tokens = array<i32: ...>, positions = ..., slots = ..., outputs = array<i64: ...>}, of which
// only tokens are required. An array of values is one call after another, with the states of the calls
// before. Weights come from `lathe.inline`:
//
//   module attributes {lathe.inline = {w = dense<[[1.0, 2.0]]> : tensor<1x2xf32>}} {
//     func.func @main(%x: tensor<?x2xf32> {lathe.value = dense<[[3.0, 4.0]]> : tensor<1x2xf32>}) ->
//     tensor<?x1xf32> { ... }
//   }
#include "../LlvmOptions.h"
#include "Interpreter/Interpreter.h"

#include "mlir/Parser/Parser.h"
#include "llvm/Support/CommandLine.h"
#include "llvm/Support/Format.h"
#include "llvm/Support/InitLLVM.h"
#include "llvm/Support/SourceMgr.h"

using namespace mlir;
using namespace lathe;
using namespace lathe::interpreter;

template <typename T> static void printRow(const T *values, int64_t count) {
  llvm::interleaveComma(llvm::ArrayRef(values, count), llvm::outs(),
                        [](T value) { llvm::outs() << llvm::format("%.6g", double(value)); });
}

static void printRows(const float *values, int64_t rows, int64_t columns) {
  for (int64_t m = 0; m < rows; ++m) {
    llvm::outs() << "  ";
    printRow(values + m * columns, columns);
    llvm::outs() << "\n";
  }
}

static void print(const Datum &datum) {
  if (auto *rows = std::get_if<Rows>(&datum))
    return printRows(rows->values.data(), rows->rows, rows->columns);
  if (auto *weight = std::get_if<std::shared_ptr<const Weight>>(&datum))
    return printRows((*weight)->values.data(), (*weight)->rows, (*weight)->columns);
  if (auto *indices = std::get_if<Indices>(&datum)) {
    llvm::outs() << "  ";
    printRow(indices->data(), indices->size());
    llvm::outs() << "\n";
  }
  auto *quantized = std::get_if<QuantizedRows>(&datum);
  for (int64_t m = 0; quantized && m < quantized->rows; ++m) {
    llvm::outs() << "  codes ";
    printRow(quantized->codes.data() + m * quantized->columns, quantized->columns);
    llvm::outs() << " scales ";
    printRow(quantized->scales.data() + m * quantized->groups(), quantized->groups());
    llvm::outs() << " sums ";
    printRow(quantized->sums.data() + m * quantized->groups(), quantized->groups());
    llvm::outs() << "\n";
  }
}

static Batch batchFrom(DictionaryAttr entries) {
  auto get = [&](StringRef name) {
    auto values = entries.getAs<DenseI32ArrayAttr>(name);
    return values ? Indices(values.asArrayRef()) : Indices();
  };
  Batch batch = Batch::sequence(get("tokens"));
  if (entries.contains("positions")) batch.positions = get("positions");
  if (entries.contains("slots")) batch.slots = get("slots");
  if (auto outputs = entries.getAs<DenseI64ArrayAttr>("outputs")) batch.outputs = outputs.asArrayRef();
  return batch;
}

/// The value of an argument; the batch is set aside.
static FailureOr<Datum> datumFrom(BlockArgument argument, Attribute value, Batch &batch) {
  if (auto entries = dyn_cast_or_null<DictionaryAttr>(value); entries && isa<BatchType>(argument.getType())) {
    batch = batchFrom(entries);
    return Datum(TheBatch());
  }
  auto dense = dyn_cast_or_null<DenseElementsAttr>(value);
  if (dense && dense.getElementType().isF32() && dense.getType().getRank() == 2) {
    Rows rows(dense.getType().getDimSize(0), dense.getType().getDimSize(1));
    llvm::copy(dense.getValues<float>(), rows.values.begin());
    return Datum(rows);
  }
  if (dense && dense.getElementType().isInteger(32)) {
    auto values = dense.getValues<int32_t>();
    return Datum(Indices(values.begin(), values.end()));
  }
  return emitError(argument.getLoc(), "argument ")
         << argument.getArgNumber() << " needs a lathe.value of its type";
}

static LogicalResult run(func::FuncOp function, Interpreter &interpreter) {
  size_t calls = 1;
  auto valueOf = [&](BlockArgument argument) {
    return function.getArgAttr(argument.getArgNumber(), "lathe.value");
  };
  for (BlockArgument argument : function.getArguments())
    if (auto several = dyn_cast_or_null<ArrayAttr>(valueOf(argument)))
      calls = std::max(calls, several.size());
  for (size_t index = 0; index < calls; ++index) {
    Batch batch;
    std::vector<Datum> arguments;
    for (BlockArgument argument : function.getArguments()) {
      Attribute value = valueOf(argument);
      if (auto several = dyn_cast_or_null<ArrayAttr>(value))
        value = index < several.size() ? several[index] : Attribute();
      FailureOr<Datum> datum = datumFrom(argument, value, batch);
      if (failed(datum)) return failure();
      arguments.push_back(*datum);
    }
    FailureOr<std::vector<Datum>> results = interpreter.call(function, arguments, batch);
    if (failed(results)) return failure();
    for (const Datum &result : *results) {
      llvm::outs() << "@" << function.getName() << "\n";
      print(result);
    }
  }
  return success();
}

int main(int argc, char **argv) {
  lathe::hideLlvmOptions();
  llvm::InitLLVM init(argc, argv);
  llvm::cl::opt<std::string> input(llvm::cl::Positional, llvm::cl::desc("<file>"), llvm::cl::init("-"));
  llvm::cl::ParseCommandLineOptions(argc, argv, "Lathe interpreter\n");
  MLIRContext context;
  context.loadDialect<LatheDialect, func::FuncDialect>();
  llvm::SourceMgr sources;
  SourceMgrDiagnosticHandler handler(sources, &context);
  OwningOpRef<ModuleOp> module = parseSourceFile<ModuleOp>(input, sources, &context);
  if (!module) return 1;
  InlineParams params(*module);
  for (auto function : module->getOps<func::FuncOp>()) {
    Interpreter interpreter(*module, params);
    if (failed(run(function, interpreter))) return 1;
  }
  return 0;
}

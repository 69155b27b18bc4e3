// How fast weights are quantized and packed: one 8192 x 2048 matrix in bf16, per encoding.
//   ninja -C build lathe-bench-weights && build/bin/lathe-bench-weights [threads]
#include "Weights/Evaluator.h"

#include "mlir/AsmParser/AsmParser.h"
#include "mlir/Parser/Parser.h"

#include <sys/resource.h>

#include <chrono>
#include <cstdio>
#include <ctime>
#include <random>

using namespace lathe;

namespace {

constexpr int64_t kRows = 8192, kColumns = 2048;

/// Normal values as a checkpoint's bf16.
struct Synthetic final : ParamSource {
  std::vector<uint16_t> bits;
  Synthetic() : bits(kRows * kColumns) {
    std::minstd_rand random(1);
    for (uint16_t &value : bits) {
      float sum = 0;
      for (int i = 0; i < 4; ++i) sum += float(random()) * 4.656613e-10f - 0.5f;
      value = static_cast<uint16_t>(encodeFloat(FloatFormat::BF16, sum * 0.03f));
    }
  }
  Result<ParamTensor> find(llvm::StringRef, llvm::StringRef) const override {
    return ParamTensor{{kRows, kColumns}, [this](uint64_t first, std::span<float> out) -> Status {
                         for (size_t i = 0; i < out.size(); ++i)
                           out[i] = decodeFloat(FloatFormat::BF16, bits[first + i]);
                         return {};
                       }};
  }
};

/// CPU seconds to store the matrix in an encoding: on a busy machine they say more than the clock on the
/// wall.
double measure(mlir::MLIRContext &context, const ParamSource &params, const std::string &encoding,
               unsigned threads) {
  mlir::OwningOpRef<mlir::ModuleOp> module = mlir::ModuleOp::create(mlir::UnknownLoc::get(&context));
  mlir::OpBuilder builder = mlir::OpBuilder::atBlockEnd(module->getBody());
  auto stored =
      mlir::cast<WeightType>(mlir::parseType("!lathe.weight<8192x2048x" + encoding + ">", &context));
  auto given = WeightType::get(stored.getShape(), EncodingAttr::get(builder.getBF16Type()));
  auto packed = WeightType::get(stored.getShape(), stored.getEncoding(), kPanelRows);
  mlir::Value param = ParamOp::create(builder, module->getLoc(), given, "bench", "w");
  mlir::Value quantized = QuantizeOp::create(builder, module->getLoc(), stored, param, ClipKind::MSE);
  mlir::Value result = PackOp::create(builder, module->getLoc(), packed, quantized);
  auto start = std::chrono::steady_clock::now();
  std::clock_t cpuStart = std::clock();
  Evaluator evaluator(params, threads);
  auto error = evaluator.store(result, [](uint64_t, std::span<const std::byte>) { return Status(); });
  double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  double cpu = double(std::clock() - cpuStart) / CLOCKS_PER_SEC;
  std::printf("%6.3f s, %6.3f CPU s, %6.1f M weights per CPU s, error %.5f  %s\n", seconds, cpu,
              kRows * kColumns / cpu / 1e6, mlir::succeeded(error) ? error->relative() : -1,
              encoding.c_str());
  return cpu;
}

} // namespace

int main(int argc, char **argv) {
  unsigned threads = argc > 1 ? std::atoi(argv[1]) : 2;
  mlir::MLIRContext context;
  context.loadDialect<LatheDialect>();
  Synthetic params;
  double int4 = measure(context, params, "<si4, block 1x64, scale <f16>>", threads);
  double int8 = measure(context, params, "<si8, block 1x0, scale <f32>>", threads);
  for (const char *encoding :
       {"<si5, block 1x64, scale <f16>>", "<si2, block 1x32, scale <f16>>",
        "<ui4, block 1x64, scale <f16>, offset <f16>>",
        "<ui4, block 1x32, scale <ui6, block 1x8, scale <f16>>, offset <ui6, block 1x8, scale <f16>>>",
        "<f4E2M1FN, block 1x32, scale <f8E8M0FNU>>",
        "<ui4, table [-1.0, -0.69, -0.52, -0.39, -0.28, -0.18, -0.09, 0.0, 0.08, 0.16, 0.25, 0.34, 0.44, "
        "0.56, 0.72, 1.0], "
        "block 1x64, scale <f16>>",
        "<si8, block 1x0, scale <f32>, bitmap>", "<bf16>", "<f16>", "<f32>"})
    measure(context, params, encoding, threads);
  // Llama-3.2-1B: 973 M weights in layers, 263 M in the table.
  std::printf("the 1.24 B shape in int4 with an int8 table: %.1f CPU s\n",
              (973e6 * int4 + 263e6 * int8) / double(kRows * kColumns));
  rusage usage;
  getrusage(RUSAGE_SELF, &usage);
  std::printf("largest resident size: %ld MiB\n", usage.ru_maxrss / 1024);
  return 0;
}

// Times the linear kernels that the compiler generates, beside what the machine can do at most.
//   ninja -C build lathe-bench-kernels
//   build/bin/lathe-bench-kernels [threads] [variant] [first letters of an encoding's name]
// LATHE_BENCH_ASM=1 prints the code as well.
#include "Ceilings.h"

#include "Artifact/KernelABI.h"
#include "Codegen/CPU/CompileProgram.h"
#include "Lathe/PackedLayout.h"

#include "mlir/AsmParser/AsmParser.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/MLIRContext.h"
#include "mlir/Parser/Parser.h"
#include "llvm/Support/FormatVariadic.h"

#include <bit>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <random>
#include <sys/mman.h>

using namespace lathe;
using namespace lathe::bench;

namespace {

struct Shape {
  int64_t outputs, inputs;
};
struct Case {
  const char *name, *encoding;
  int64_t group; ///< of quantized rows; 0: f32 rows
};

/// A compiled linear of one shape and encoding.
class Linear {
public:
  Linear(const Case &c, Shape shape, llvm::StringRef variant) : shape_(shape) {
    context_.loadDialect<LatheDialect, exec::ExecDialect>();
    std::string weight =
        llvm::formatv("!lathe.weight<{0}x{1}x{2}, panel 64>", shape.outputs, shape.inputs, c.encoding);
    type_ = llvm::cast<WeightType>(mlir::parseType(weight, &context_));
    weightBytes_ = storedBytes(type_);
    mlir::Type i8 = mlir::IntegerType::get(&context_, 8), f32 = mlir::Float32Type::get(&context_);
    stride_ = exec::SliceType::packedStride(shape.inputs, c.group ? i8 : f32, c.group);
    std::string group = c.group ? ", group " + std::to_string(c.group) : "";
    std::string slice = llvm::formatv("!exec.slice<rows by {0} of {1}, stride {2}{3}>", shape.inputs,
                                      c.group ? "i8" : "f32", stride_, group);
    std::string rows =
        c.group ? llvm::formatv("tensor<?x{0}xi8, #lathe.quantized_rows<{1}>>", shape.inputs, c.group).str()
                : llvm::formatv("tensor<?x{0}xf32>", shape.inputs).str();
    std::string text = llvm::formatv(R"(
      exec.program @cpu for "cpu" attributes {{max_rows = 512 : i64, max_outputs = 16 : i64} {{
        exec.kernel @k over rows slices [{0}, unit, !exec.slice<rows by {1} of f32, stride {2}>] states {{} {{
        ^bb0(%x: {3}, %w: {4}):
          %y = lathe.linear %x, [%w] : {3}, [{4}] -> tensor<?x{1}xf32>
          lathe.yield %y : tensor<?x{1}xf32>
        }
      })",
                                     slice, shape.outputs, shape.outputs * 4, rows, weight);
    module_ = mlir::parseSourceString<mlir::ModuleOp>(text, &context_);
    auto program = *module_->getBody()->getOps<exec::ProgramOp>().begin();
    CodegenTexts options;
    options.assembly = getenv("LATHE_BENCH_ASM") ? &assembly : nullptr;
    auto code = compileCpuProgram(program, {variant}, options);
    if (failed(code)) exit(1);
    code_ = std::move(*code);
    const std::vector<char> &image = code_.variants[0].image;
    image_ = static_cast<char *>(
        mmap(nullptr, image.size(), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
    std::memcpy(image_, image.data(), image.size());
    mprotect(image_, image.size(), PROT_READ | PROT_EXEC);
  }
  ~Linear() { munmap(image_, code_.variants[0].image.size()); }

  int64_t weightBytes() const { return weightBytes_; }

  bool isPruned() const { return type_.getEncoding().getBitmap(); }
  /// Makes each of some copies of the weight a matrix of which half is left; the bytes of one that are read.
  int64_t prune(char *weights, int64_t copies) const {
    PackedMatrix layout = packedLayout(type_);
    const PackedPlane &mask = layout.planes[0], &starts = layout.planes[1], &codes = layout.planes[2];
    int64_t panels = layout.paddedRows / kPanelRows, panelMask = mask.bytes / panels;
    std::mt19937_64 random(1);
    uint32_t left = 0;
    for (int64_t copy = 0; copy < copies; ++copy) {
      char *weight = weights + copy * weightBytes_;
      left = 0;
      for (int64_t panel = 0; panel < panels; ++panel) {
        std::memcpy(weight + starts.offset + panel * 4, &left, 4);
        for (int64_t i = 0; i < panelMask; i += 8) {
          uint64_t bits = random();
          left += uint32_t(std::popcount(bits));
          std::memcpy(weight + mask.offset + panel * panelMask + i, &bits, 8);
        }
      }
    }
    return codes.offset + int64_t(left) * codes.bits / 8;
  }

  /// Seconds of a call of `rows` rows. Successive calls read different copies of the weight, `calls` of them.
  double time(int64_t rows, unsigned threads, const char *weights, int64_t copies, int64_t calls) {
    size_t index = 0;
    while (code_.kernels[0].classes[index].maxRows < rows) ++index;
    const KernelClass &kernelClass = code_.kernels[0].classes[index];
    auto entry = reinterpret_cast<Kernel>(image_ + code_.variants[0].entries[index]);
    KernelBatch batch{};
    batch.rows = int32_t(rows);
    int64_t items = 1;
    for (const GridFactor &factor : kernelClass.grid)
      items *= factor.kind == GridKind::Constant ? factor.value : (rows + factor.value - 1) / factor.value;
    char *x = hugeBytes(size_t(stride_ * 512)), *y = hugeBytes(size_t(shape_.outputs * 4 * 512));
    char *scratch = hugeBytes(size_t(kernelClass.scratchBytes + 4096) * threads);
    double spent = seconds(threads, 7, [&](unsigned thread) {
      char *own = scratch + (kernelClass.scratchBytes + 4095) / 4096 * 4096 * thread;
      for (int64_t call = 0; call < calls; ++call) {
        void *bindings[] = {x, const_cast<char *>(weights) + call % copies * weightBytes_, y};
        entry(&batch, bindings, own, items * thread / threads, items * (thread + 1) / threads);
      }
    });
    munmap(x, size_t(stride_ * 512));
    munmap(y, size_t(shape_.outputs * 4 * 512));
    munmap(scratch, size_t(kernelClass.scratchBytes + 4096) * threads);
    return spent / double(calls);
  }

  std::string assembly;

private:
  Shape shape_;
  mlir::MLIRContext context_;
  mlir::OwningOpRef<mlir::ModuleOp> module_;
  ProgramCode code_;
  WeightType type_;
  char *image_;
  int64_t stride_, weightBytes_;
};

constexpr Shape kShapes[] = {{2048, 2048}, {8192, 2048}, {2048, 8192}};
constexpr Case kCases[] = {
    {"int4 g64", "<si4, block 1x64, scale <f16>>", 64},
    {"int4 g32", "<si4, block 1x32, scale <f16>>", 32},
    {"int8 channel", "<si8, block 1x0, scale <f32>>", 64},
    {"int8 g64", "<si8, block 1x64, scale <f16>>", 64},
    {"f32", "f32", 0},
    {"bf16", "bf16", 0},
    {"int4 g64, f32 rows", "<si4, block 1x64, scale <f16>>", 0},
    {"half, int8 channel", "<si8, block 1x0, scale <f32>, bitmap>", 64},
    {"half, int4 g64", "<si4, block 1x64, scale <f16>, bitmap>", 64},
    {"half, bf16", "<bf16, bitmap>", 0},
};

void run(const Case &c, Shape shape, unsigned threads, llvm::StringRef variant) {
  static constexpr int64_t kPool = int64_t(256) << 20;
  static char *weights = hugeBytes(size_t(kPool) + 8192);
  Linear linear(c, shape, variant);
  if (!linear.assembly.empty()) std::fputs(linear.assembly.c_str(), stderr);
  bool wide = findCpuVariant(variant)->vectorBits == 512;
  int64_t copies = kPool / linear.weightBytes();
  int64_t read = linear.isPruned() ? linear.prune(weights, copies) : linear.weightBytes();
  double bandwidth = readBandwidth(threads);
  std::printf("%-20s %5ld x %-5ld", c.name, shape.outputs, shape.inputs);
  for (int64_t rows : {1, 2, 4, 8}) {
    double spent = linear.time(rows, threads, weights, copies, copies);
    double rate = double(read) / spent;
    std::printf("  M=%ld %6.0f us %5.1f GB/s %3.0f%%", rows, spent * 1e6, rate / 1e9, 100 * rate / bandwidth);
  }
  double ceiling = c.group ? byteOperations(threads, wide) : floatOperations(threads, wide);
  for (int64_t rows : {32, 512}) {
    double rate = 2.0 * double(rows * shape.outputs * shape.inputs) /
                  linear.time(rows, threads, weights, copies, rows > 100 ? 1 : 4);
    std::printf("  M=%ld %6.1f GOP/s %3.0f%%", rows, rate / 1e9, 100 * rate / ceiling);
  }
  std::printf("\n");
  std::fflush(stdout);
}

} // namespace

int main(int argc, char **argv) {
  unsigned threads = argc > 1 ? unsigned(atoi(argv[1])) : 1;
  llvm::StringRef variant = argc > 2 ? argv[2] : "avx512vnni";
  const CpuVariant *found = findCpuVariant(variant);
  if (!found) return std::fprintf(stderr, "no variant %s\n", variant.str().c_str()), 2;
  bool wide = found->vectorBits == 512;
  llvm::StringRef only = argc > 3 ? argv[3] : "";
  std::printf("%u threads, %s; reads %.1f GB/s, bytes %.0f GOP/s, f32 %.0f GFLOP/s\n", threads,
              variant.str().c_str(), readBandwidth(threads) / 1e9, byteOperations(threads, wide) / 1e9,
              floatOperations(threads, wide) / 1e9);
  for (const Case &c : kCases)
    for (Shape shape : kShapes)
      if (llvm::StringRef(c.name).starts_with(only)) run(c, shape, threads, variant);
}

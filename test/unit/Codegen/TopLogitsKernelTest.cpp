// The likeliest tokens of rows, on Vulkan and as CUDA computes them, against the interpreter.
#include "CudaEmulator.h"
#include "VulkanKernels.h"

#include "Codegen/GPU/CompileProgram.h"
#include "Interpreter/Operations.h"

#include "mlir/Parser/Parser.h"
#include "gtest/gtest.h"

#include <cmath>
#include <limits>
#include <numeric>

using namespace lathe;
using namespace lathe::test;

namespace {

constexpr int64_t kCount = 256, kResult = 2 * kCount + 3;
constexpr float kInfinity = std::numeric_limits<float>::infinity();

/// The kernel for rows of `columns` logits, on what there is to run it.
class TopLogitsKernel {
public:
  explicit TopLogitsKernel(int64_t columns, bool emulate = true) {
    context_.loadDialect<LatheDialect, exec::ExecDialect>();
    std::string n = std::to_string(columns), slice = "!exec.slice<outputs by " + n + " of f32, stride " +
                                                     std::to_string(4 * columns) + ">";
    module_ = mlir::parseSourceString<mlir::ModuleOp>(
        "exec.program @p for \"vulkan\" attributes {max_rows = 512 : i64, max_outputs = 16 : i64} {\n"
        "exec.kernel @top over outputs slices [" +
            slice +
            ", unit, !exec.slice<outputs by 515 of f32, stride 2060>] states {} {\n^bb0(%x: tensor<?x" + n +
            "xf32>, %b: !lathe.batch):\n %t = lathe.top_logits %x, %b count 256 : tensor<?x" + n +
            "xf32> -> tensor<?x515xf32>\n lathe.yield %t : tensor<?x515xf32>\n}\n}",
        &context_);
    exec::ProgramOp program = *module_->getOps<exec::ProgramOp>().begin();
    if (VulkanKernels::runOrSkip()) {
      auto code = compileGpuProgram(program, {"vulkan1.2"});
      EXPECT_TRUE(succeeded(code));
      if (succeeded(code)) vulkan_ = std::make_unique<VulkanKernels>(std::move(*code));
    }
    if (emulate) cuda_ = std::make_unique<CudaEmulator>(program, *findGpuVariant("sm_80"));
  }

  /// Calls `check` with the results of each device.
  void run(const KernelBatch &batch, float *logits,
           llvm::function_ref<void(const char *device, const Buffer<float> &)> check) const {
    auto results = [&] {
      Buffer<float> result(size_t(batch.outputs * kResult));
      for (size_t i = 0; i < result.size(); ++i) result[i] = std::nanf("");
      return result;
    };
    if (vulkan_) {
      Buffer<float> result = results();
      vulkan_->run(vulkan_->code().kernels.front(), 0, batch, {logits, result.data()});
      check("vulkan", result);
    }
    if (cuda_) {
      Buffer<float> result = results();
      cuda_->run(cuda_->kernels().front(), 0, batch, {logits, result.data()});
      check("cuda", result);
    }
  }

private:
  mlir::MLIRContext context_;
  mlir::OwningOpRef<mlir::ModuleOp> module_;
  std::unique_ptr<VulkanKernels> vulkan_;
  std::unique_ptr<CudaEmulator> cuda_;
};

/// Rows, their draws, and both forms of a batch.
struct Rows {
  Rows(int64_t columns, int64_t rows)
      : logits(size_t(rows * columns)), values(rows, columns), sets(size_t(2 * rows)) {
    batch.draws.resize(size_t(rows));
    kernelDraws.resize(size_t(rows));
  }
  float *row(int64_t m) { return logits.data() + m * values.columns; }
  void fill(int64_t m, llvm::function_ref<float(int64_t)> logit) {
    for (int64_t i = 0; i < values.columns; ++i) row(m)[i] = logit(i);
  }

  void check(const TopLogitsKernel &kernel, const std::string &what) {
    std::copy_n(logits.data(), logits.size(), values.values.begin());
    Batch held({{0, 0, 1}});
    KernelBatch call = held.get();
    call.outputs = int32_t(values.rows);
    for (size_t m = 0; m < kernelDraws.size(); ++m) fillDraw(m);
    call.draws = kernelDraws.data();
    interpreter::Rows expected = interpreter::topLogits(values, kCount, batch);
    kernel.run(call, logits.data(), [&](const char *device, const Buffer<float> &result) {
      for (int64_t m = 0; m < values.rows; ++m)
        compare(expected.row(m), &result[size_t(m * kResult)], device + (": " + what), m);
    });
  }

  Buffer<float> logits;
  interpreter::Rows values;
  interpreter::Batch batch;

private:
  static void compare(const float *expected, const float *result, const std::string &what, int64_t m) {
    ASSERT_EQ(result[kResult - 1] > 0, expected[kResult - 1] > 0) << what << ", row " << m;
    if (expected[kResult - 1] == 0 && expected[2 * kCount + 1] != -kInfinity) return; // no numbers
    for (int64_t i = 0; i < 2 * kCount; ++i)
      ASSERT_EQ(result[i], expected[i]) << what << ", row " << m << ", " << i;
    ASSERT_EQ(result[2 * kCount + 1], expected[2 * kCount + 1]) << what << ", row " << m;
    for (int64_t i : {2 * kCount, 2 * kCount + 2})
      ASSERT_NEAR(result[i], expected[i], 1e-5 * expected[i]) << what << ", row " << m << ", " << i;
  }

  void fillDraw(size_t m) {
    const interpreter::Draw &draw = batch.draws[m];
    auto setOf = [&](const interpreter::Indices &tokens, std::vector<uint32_t> &set) {
      set.assign(size_t(values.columns + 31) / 32, 0);
      for (int32_t token : tokens) set[size_t(token) / 32] |= 1u << (token % 32);
      return set.data();
    };
    KernelDraw &to = kernelDraws[m] = {draw.temperature, draw.penalty, 0, 0, nullptr, nullptr};
    int32_t words = int32_t((values.columns + 31) / 32);
    if (!draw.penalized.empty()) to.penalizedWords = words, to.penalized = setOf(draw.penalized, sets[2 * m]);
    if (draw.allowed) to.allowedWords = words, to.allowed = setOf(*draw.allowed, sets[2 * m + 1]);
  }

  std::vector<std::vector<uint32_t>> sets;
  std::vector<KernelDraw> kernelDraws;
};

float randomLogit(int64_t i, uint32_t seed) {
  uint32_t bits = uint32_t(i) * 2654435761u + seed * 40503u;
  bits ^= bits >> 15, bits *= 2246822519u, bits ^= bits >> 13;
  return float(bits >> 8) / float(1 << 20) - 8;
}

interpreter::Indices every(int64_t step, int64_t columns) {
  interpreter::Indices tokens;
  for (int64_t i = 0; i < columns; i += step) tokens.push_back(int32_t(i));
  return tokens;
}

TEST(TopLogits, RowsOfAnyLength) {
  for (int64_t columns : {1, 7, 64, 255, 256, 258, 1000, 5003}) {
    TopLogitsKernel kernel(columns);
    Rows rows(columns, 3);
    for (int64_t m = 0; m < 3; ++m) rows.fill(m, [&](int64_t i) { return randomLogit(i, uint32_t(m)); });
    rows.batch.draws[1] = {0.3f, 1.7f, every(3, columns), every(2, columns)};
    rows.batch.draws[2] = {2, 0.6f, every(7, columns), std::nullopt};
    rows.check(kernel, std::to_string(columns));
  }
}

TEST(TopLogits, ValuesOfAnyKind) {
  constexpr int64_t columns = 2600;
  TopLogitsKernel kernel(columns);
  auto random = [](int64_t i) { return randomLogit(i, 9); };
  auto checkRow = [&](const char *what, llvm::function_ref<float(int64_t)> logit,
                      interpreter::Draw draw = {}) {
    Rows rows(columns, 2);
    rows.fill(0, logit);
    rows.fill(1, random);
    rows.batch.draws[0] = draw;
    rows.check(kernel, what);
  };
  checkRow("equal everywhere", [](int64_t) { return -0.5f; });
  checkRow("many ties", [&](int64_t i) { return std::round(random(i)); });
  checkRow("zeros of both signs", [](int64_t i) { return i % 2 ? 0.0f : -0.0f; });
  checkRow("few above minus infinity", [&](int64_t i) { return i % 100 == 3 ? random(i) : -kInfinity; });
  checkRow("nothing above minus infinity", [](int64_t) { return -kInfinity; });
  checkRow("the largest numbers", [](int64_t i) { return i % 2 ? 3e38f : -3e38f; },
           {1, 0.001f, every(3, columns), {}});
  checkRow("NaN", [&](int64_t i) { return i == 1500 ? std::nanf("") : random(i); });
  checkRow("infinity", [&](int64_t i) { return i == 2599 ? kInfinity : random(i); });
  checkRow("a hundred allowed", random, {1, 1, {}, every(26, columns)});
  checkRow("one allowed", random, {0.01f, 1.3f, {2599}, interpreter::Indices{2599}});
  checkRow("none allowed", random, {1, 1, {}, interpreter::Indices{}});
  checkRow("all penalized", random, {1, 3, every(1, columns), {}});
}

// As large as vocabularies are; an emulator would take minutes.
TEST(TopLogits, ALargeVocabulary) {
  if (!VulkanKernels::runOrSkip()) return;
  constexpr int64_t columns = 128256;
  TopLogitsKernel kernel(columns, false);
  Rows rows(columns, 2);
  rows.fill(0, [](int64_t i) { return randomLogit(i, 1); });
  rows.fill(1, [](int64_t i) { return std::round(randomLogit(i, 2)); });
  rows.batch.draws[0] = {0.7f, 1.2f, every(500, columns), std::nullopt};
  rows.check(kernel, "128256");
}

} // namespace

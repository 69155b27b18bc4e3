// Whole models as CUDA runs them, without a GPU: the runtime calls a stand-in for the driver, and an emulator
// computes the kernels. What PTX becomes is not tested by that.
#include "../unit/Codegen/CudaEmulator.h"
#include "../unit/Runtime/Cuda/FakeCuda.h"
#include "Compare.h"
#include "CompiledModel.h"
#include "RuntimeSession.h"

#include <gtest/gtest.h>

#include <filesystem>

using namespace lathe;
using namespace lathe::test;

namespace {

std::unique_ptr<CudaEmulator> emulator;

/// Before anything looks for devices.
struct Environment {
  Environment() {
    cache = std::filesystem::temp_directory_path() / ("lathe-cuda-models-" + std::to_string(getpid()));
    setenv("XDG_CACHE_HOME", cache.c_str(), 1);
    FakeCuda &fake = fakeCuda();
    fake.devices = {{.major = 9}};
    fake.parameters = [](const std::string &function) { return emulator->addresses(function); };
    fake.run = [](const FakeLaunch &launch) {
      std::vector<void *> addresses;
      for (uint64_t address : launch.addresses) addresses.push_back(reinterpret_cast<void *>(address));
      emulator->launch(launch.function, launch.groupsX, launch.groupsY, launch.threads, addresses);
    };
  }
  ~Environment() { std::filesystem::remove_all(cache); }
  std::filesystem::path cache;
} environment;

/// A model and its kernels for a variant of CUDA.
class CudaModel {
public:
  CudaModel(const char *fixture, const Numerics &numerics, const char *variant = "sm_80")
      : place{"cuda:0", variant},
        model_(std::string(LATHE_SOURCE_DIR) + "/test/fixtures/" + fixture, numerics),
        lowered_(model_.lower(numerics, "cuda")) {
    emulator = std::make_unique<CudaEmulator>(*lowered_->getOps<exec::ProgramOp>().begin(),
                                              *findGpuVariant(variant));
  }
  ~CudaModel() { emulator.reset(); }
  const std::string &artifact() const { return model_.artifact(); }
  const Place place;

private:
  CompiledModel model_;
  mlir::OwningOpRef<mlir::ModuleOp> lowered_;
};

void expectProperCalls() {
  EXPECT_GT(fakeCuda().kernelLaunches, 0u);
  for (const std::string &complaint : fakeCuda().complaints) ADD_FAILURE() << complaint;
  EXPECT_EQ(fakeCuda().alive(), 0u);
}

void expectLikeCpu(const char *fixture, const Numerics &numerics, float bound,
                   const char *variant = "sm_80") {
  CudaModel model(fixture, numerics, variant);
  {
    RuntimeSession cpu(model.artifact(), Place{"cpu", "avx2"}), cuda(model.artifact(), model.place);
    int32_t there = cpu.newSlot(), here = cuda.newSlot();
    // Prompts of few rows and of many, a token, a fork and what each branch goes on with.
    std::vector<int32_t> many;
    for (int32_t i = 0; i < 35; ++i) many.push_back((i * 37 + 11) % 128);
    for (const std::vector<int32_t> &tokens : {std::vector<int32_t>{1, 40, 7, 99, 12, 12, 130}, {5}, many})
      EXPECT_LE(difference(cuda.step(tokens, here).values, cpu.step(tokens, there).values), bound)
          << tokens.size();
    int32_t thereToo = cpu.fork(there), hereToo = cuda.fork(here);
    EXPECT_LE(
        difference(cuda.step({3, 60}, {here, hereToo}).values, cpu.step({3, 60}, {there, thereToo}).values),
        bound);
  }
  expectProperCalls();
}

TEST(CudaModels, LlamaAsStored) { expectLikeCpu("llama-f32", {.name = "stored"}, 1e-5f); }

TEST(CudaModels, LlamaInIntegers) {
  expectLikeCpu("llama-f32-biases",
                {.name = "int4", .weights = "int4", .group = "32", .cache = "bf16", .integers = true}, 2e-2f);
}

TEST(CudaModels, LlamaPrunedToBitmaps) {
  expectLikeCpu("llama-f32-biases",
                {.name = "bitmaps", .recipe = "*proj.weight -> prune 0.6 int8 bitmap", .integers = true},
                2e-2f);
}

TEST(CudaModels, LlamaInHalves) {
  expectLikeCpu("llama-f32",
                {.name = "bf16", .weights = "int4", .group = "32", .activations = "bf16", .cache = "bf16"},
                1e-2f, "sm_90a");
}

TEST(CudaModels, Gpt2) { expectLikeCpu("gpt2-f32", {.name = "stored"}, 1e-5f); }

TEST(CudaModels, DrawsTheTokensOfTheCpu) {
  CudaModel model("llama-f32", {.name = "stored"});
  {
    RuntimeSession cpu(model.artifact(), Place{"cpu", "avx2"}), cuda(model.artifact(), model.place);
    for (const lathe_sampling &sampling : someSamplings())
      EXPECT_EQ(cuda.generate({1, 40, 7}, sampling, 4), cpu.generate({1, 40, 7}, sampling, 4));
  }
  expectProperCalls();
}

TEST(CudaModels, BertVectors) {
  CudaModel model("bert-f32-mean", {.name = "stored"});
  {
    RuntimeSession cpu(model.artifact(), Place{"cpu", "avx2"}), cuda(model.artifact(), model.place);
    std::vector<std::vector<int32_t>> sequences = {{1, 2, 3, 4, 5, 6, 7}, {9}};
    EXPECT_LE(difference(cuda.embed(sequences).values, cpu.embed(sequences).values), 1e-5f);
  }
  expectProperCalls();
}

} // namespace

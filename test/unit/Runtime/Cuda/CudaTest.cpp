// Programs on CUDA devices, against the stand-in for the driver: what is called, in which order, and what
// comes back.
#include "FakeCuda.h"

#include "../ToyModel.h"

#include "Artifact/KernelABI.h"
#include "Runtime/Cuda/Driver.h"
#include "Runtime/Device.h"

#include <cstdlib>
#include <cstring>
#include <deque>
#include <filesystem>

using namespace lathe;
using namespace lathe::toy;

// The CPU's kernels (../ToyKernels.cpp), item by item.
#define TOY_KERNEL(name)                                                                                     \
  extern "C" void name(const KernelBatch *batch, void *const *bindings, void *scratch, int64_t begin,        \
                       int64_t end)
TOY_KERNEL(toyGather);
TOY_KERNEL(toyAppend);
TOY_KERNEL(toyAttend);
TOY_KERNEL(toyRecur);
TOY_KERNEL(toyHead);
TOY_KERNEL(toyPool);
TOY_KERNEL(toyCopy);

namespace {

struct ToyKernel {
  Kernel run;
  size_t bindings;
  int64_t (*items)(const KernelBatch &);
};
constexpr ToyKernel kKernels[] = {
    {toyGather, 2, [](const KernelBatch &batch) -> int64_t { return batch.rows; }},
    {toyAppend, 2, [](const KernelBatch &batch) -> int64_t { return batch.rows; }},
    {toyAttend, 2, [](const KernelBatch &batch) -> int64_t { return batch.segments; }},
    {toyRecur, 3, [](const KernelBatch &batch) -> int64_t { return batch.sequences; }},
    {toyHead, 3, [](const KernelBatch &batch) { return batch.outputs * kVocabulary; }},
    {toyPool, 2, [](const KernelBatch &batch) -> int64_t { return batch.sequences; }},
    {toyCopy, 2, [](const KernelBatch &batch) -> int64_t { return batch.rows; }},
};

const ToyKernel *kernelOf(const std::string &function) {
  size_t number = size_t(std::atoi(function.c_str() + 1)) / 2; // two classes each
  return number < std::size(kKernels) ? &kKernels[number] : nullptr;
}

/// As a work group does: one item, nothing beyond the last.
void runToy(const test::FakeLaunch &launch) {
  const ToyKernel &kernel = *kernelOf(launch.function);
  auto *batch = reinterpret_cast<const KernelBatch *>(launch.addresses[0]);
  std::vector<void *> bindings;
  for (size_t i = 1; i <= kernel.bindings; ++i)
    bindings.push_back(reinterpret_cast<void *>(launch.addresses[i]));
  int64_t items = kernel.items(*batch), groups = int64_t(launch.groupsX) * launch.groupsY;
  EXPECT_LE(items, groups) << launch.function;
  for (int64_t item = 0; item < std::min(items, groups); ++item)
    kernel.run(batch, bindings.data(),
               reinterpret_cast<void *>(launch.addresses.back() + uint64_t(item) * kDim * sizeof(float)),
               item, item + 1);
}

/// Before anything looks for devices.
struct Environment {
  Environment() {
    cache = std::filesystem::temp_directory_path() / ("lathe-cuda-test-" + std::to_string(getpid()));
    setenv("XDG_CACHE_HOME", cache.c_str(), 1);
    test::FakeCuda &fake = test::fakeCuda();
    fake.devices = {{}, {"Old GPU", 6, 1}, {"Closed GPU", 9, 0, 1 << 20, true}};
    fake.parameters = [](const std::string &function) {
      const ToyKernel *kernel = kernelOf(function);
      return kernel ? 1 + kernel->bindings + 1 : 0;
    };
    fake.run = runToy;
  }
  ~Environment() { std::filesystem::remove_all(cache); }
  std::filesystem::path cache;
} environment;

struct CudaOptions {
  std::vector<std::string> variants = {"sm_75", "sm_80", "sm_90a"};
  std::string text = "// kernels";
};

/// A toy with programs for the CPU and for CUDA.
std::unique_ptr<Toy> cudaToy(ToyOptions options = {}, const CudaOptions &cuda = {}) {
  std::deque<std::string> texts;
  options.add = [&](fb::HeaderT &header, std::vector<CodeImage> &images) {
    auto program = std::make_unique<fb::ProgramT>(*header.programs[0]);
    program->target = "cuda";
    for (auto &kernel : program->kernels)
      for (auto &item : kernel->classes) item->threads = 32;
    size_t entries = program->variants[0]->entries.size();
    program->variants.clear();
    for (const std::string &name : cuda.variants) {
      auto variant = std::make_unique<fb::VariantT>();
      variant->arch = "nvptx64";
      variant->name = name;
      variant->features = {name};
      variant->entries.assign(entries, 0);
      program->variants.push_back(std::move(variant));
      const std::string &text = texts.emplace_back(cuda.text + " for " + name);
      auto bytes = std::as_bytes(std::span(text.c_str(), text.size() + 1));
      images.push_back({1, uint32_t(program->variants.size() - 1), bytes});
    }
    header.programs.push_back(std::move(program));
  };
  return std::make_unique<Toy>(options);
}

lathe_status open(const Toy &toy, std::string &message,
                  lathe_session_options options = LATHE_INIT(lathe_session_options)) {
  if (!options.device) options.device = "cuda";
  lathe_session *session = nullptr;
  lathe_status status = lathe_session_create(toy.model(), &options, &session);
  message = status == LATHE_OK ? "" : lathe_last_error();
  lathe_session_release(session);
  return status;
}

/// Whatever a test does, the driver is called properly and gets everything back.
class Cuda : public testing::Test {
protected:
  void SetUp() override { test::fakeCuda().complaints.clear(); }
  void TearDown() override {
    for (const std::string &complaint : test::fakeCuda().complaints) ADD_FAILURE() << complaint;
    EXPECT_EQ(test::fakeCuda().alive(), 0u);
  }
  test::FakeCuda &fake = test::fakeCuda();
};

TEST_F(Cuda, DevicesAreListedWithTheReasonWhereUnusable) {
  std::vector<DeviceInfo> found;
  for (DeviceInfo &device : listDevices().devices)
    if (device.kind == DeviceKind::Cuda) found.push_back(device);
  ASSERT_EQ(found.size(), 3u);
  EXPECT_EQ(found[0].name, "Fake GPU");
  EXPECT_EQ(found[0].features, "CUDA 12.4, compute capability 8.0, 4 multiprocessors");
  EXPECT_EQ(found[0].unusable, "");
  EXPECT_EQ(found[1].unusable, "compute capability 6.1, Lathe needs 7.5");
  EXPECT_EQ(found[2].unusable, "its compute mode is 'prohibited': ask who administers the machine");
}

TEST(CudaVariants, AreTakenByComputeCapability) {
  EXPECT_EQ(cuda::whyNotOn(7, 5, "sm_75"), "");
  EXPECT_EQ(cuda::whyNotOn(8, 9, "sm_80"), "");
  EXPECT_EQ(cuda::whyNotOn(9, 0, "sm_90a"), "");
  EXPECT_EQ(cuda::whyNotOn(12, 0, "sm_100"), "");
  EXPECT_EQ(cuda::whyNotOn(10, 0, "sm_90a"),
            "needs compute capability 9.0 exactly, this device has compute capability 10.0");
  EXPECT_EQ(cuda::whyNotOn(9, 0, "sm_100"),
            "needs compute capability 10.0 or newer, this device has compute capability 9.0");
  EXPECT_NE(cuda::whyNotOn(9, 0, "sm_x"), "");
  EXPECT_NE(cuda::whyNotOn(9, 0, "avx2"), "");
}

TEST_F(Cuda, RowsOfAnyNumber) {
  auto toy = cudaToy();
  for (size_t count : {1u, 2u, 17u, 65u, 97u, 300u}) {
    Runner run(*toy, 1, 1, 0, "cuda:0");
    Tokens tokens = someTokens(count);
    EXPECT_EQ(run.feed(run.slot(), tokens), expected(tokens));
  }
}

TEST_F(Cuda, ATokenIsOneGraph) {
  auto toy = cudaToy({.recurrent = true});
  Runner run(*toy, 1, 1, 0, "cuda");
  int32_t slot = run.slot();
  Tokens tokens;
  size_t made = 0, launched = 0, kernels = 0, tables = 0;
  for (int32_t token : someTokens(70)) {
    tokens.push_back(token);
    fake.graphCopies.clear();
    EXPECT_EQ(run.feed(slot, {token}), expected(tokens, true));
    if (tokens.size() == 1)
      made = fake.graphsMade, launched = fake.graphLaunches, kernels = fake.kernelLaunches;
    if (tokens.size() == 2) tables = fake.tableCopies;
    // One copy there, with the tables of one row, and one back.
    ASSERT_EQ(fake.graphCopies.size(), 2u);
    EXPECT_LT(fake.graphCopies[0], 512u);
    EXPECT_EQ(fake.graphCopies[1], kVocabulary * sizeof(float));
  }
  EXPECT_EQ(fake.graphsMade, made) << "captured once, replayed";
  EXPECT_EQ(fake.graphLaunches - launched, 69u);
  EXPECT_EQ(fake.kernelLaunches - kernels, 69u * 5);
  EXPECT_EQ(fake.tableCopies - tables, 1u) << "block tables change once in 64 positions";
}

TEST_F(Cuda, SequencesSideBySideAndForks) {
  auto toy = cudaToy({.recurrent = true});
  Runner run(*toy, 4, 1, 0, "cuda");
  Tokens slots = {run.slot(), run.slot(), run.slot()}, tokens, owners;
  std::vector<Tokens> sequences;
  for (size_t i = 0; i < 3; ++i) {
    sequences.push_back(someTokens(1 + 40 * i, uint32_t(i)));
    for (int32_t token : sequences.back()) tokens.push_back(token), owners.push_back(slots[i]);
  }
  ASSERT_EQ(run.step(tokens, owners), LATHE_OK) << lathe_last_error();
  for (size_t i = 0; i < 3; ++i) EXPECT_EQ(run.result(i), expected(sequences[i], true));
  int32_t fork = run.fork(slots[2]);
  sequences[2].push_back(3);
  EXPECT_EQ(run.feed(fork, {3}), expected(sequences[2], true));
}

TEST_F(Cuda, SlotsAreSavedAndRestored) {
  auto toy = cudaToy({.recurrent = true});
  Runner run(*toy, 2, 1, 0, "cuda");
  int32_t from = run.slot();
  Tokens tokens = someTokens(70);
  run.feed(from, tokens);
  size_t bytes = 0;
  ASSERT_EQ(lathe_slot_save_size(run.get(), from, &bytes), LATHE_OK) << lathe_last_error();
  std::vector<std::byte> image(bytes);
  ASSERT_EQ(lathe_slot_save(run.get(), from, image.data(), image.size(), &bytes), LATHE_OK)
      << lathe_last_error();
  int32_t to = -1;
  ASSERT_EQ(lathe_slot_restore(run.get(), image.data(), bytes, &to), LATHE_OK) << lathe_last_error();
  tokens.push_back(5);
  EXPECT_EQ(run.feed(to, {5}), expected(tokens, true));
}

TEST_F(Cuda, KernelsAreCompiledOnceForAllProcesses) {
  auto toy = cudaToy({}, {.text = "// once"});
  std::string message;
  size_t links = fake.links;
  ASSERT_EQ(open(*toy, message), LATHE_OK) << message;
  ASSERT_EQ(open(*toy, message), LATHE_OK) << message;
  EXPECT_EQ(fake.links, links + 1);
  // Damaged files are made anew; a folder that can't be made costs time only.
  for (auto &file : std::filesystem::directory_iterator(environment.cache / "lathe")) {
    test::Bytes bytes = test::readFile(file.path());
    bytes.back() ^= std::byte(1);
    test::writeFile(file.path(), bytes);
  }
  ASSERT_EQ(open(*toy, message), LATHE_OK) << message;
  EXPECT_EQ(fake.links, links + 2);
  setenv("XDG_CACHE_HOME", "/proc/no/such/folder", 1);
  EXPECT_EQ(open(*toy, message), LATHE_OK) << message;
  setenv("XDG_CACHE_HOME", environment.cache.c_str(), 1);
  EXPECT_EQ(fake.links, links + 3);
}

TEST_F(Cuda, WhatTheDriversCompilerSaysIsTold) {
  auto toy = cudaToy({}, {.text = "// refused"});
  fake.compilerLog = "ptxas application ptx input, line 7; error: Feature 'x' requires PTX ISA 9.9";
  std::string message;
  EXPECT_EQ(open(*toy, message), LATHE_UNSUPPORTED);
  EXPECT_NE(
      message.find("the driver of Fake GPU (CUDA 12.4) can't compile the kernels: CUDA_ERROR_INVALID_PTX\n" +
                   fake.compilerLog),
      std::string::npos)
      << message;
  fake.compilerLog.clear();
}

TEST_F(Cuda, FunctionsThatAreMissingAreCorruption) {
  auto toy = cudaToy({}, {.text = "// empty"});
  auto parameters = std::exchange(fake.parameters, [](const std::string &) { return size_t(0); });
  std::string message;
  EXPECT_EQ(open(*toy, message), LATHE_CORRUPT);
  EXPECT_NE(message.find("has no function 'k0' (kernel 'gather')"), std::string::npos) << message;
  fake.parameters = parameters;
}

TEST_F(Cuda, MemoryThatIsOutIsTold) {
  auto toy = cudaToy();
  // The driver has said that there is more than it gives.
  std::string message;
  fake.memoryLeft = 4096;
  EXPECT_EQ(open(*toy, message), LATHE_OUT_OF_MEMORY);
  fake.memoryLeft = uint64_t(1) << 30;
  EXPECT_EQ(open(*toy, message), LATHE_OK) << message;
}

TEST_F(Cuda, NoVariantForTheDevice) {
  auto toy = cudaToy({}, {.variants = {"sm_90a", "sm_100"}});
  std::string message;
  EXPECT_EQ(open(*toy, message), LATHE_UNSUPPORTED);
  EXPECT_NE(message.find("'sm_100' needs compute capability 10.0 or newer"), std::string::npos) << message;
}

TEST_F(Cuda, LostDevicesStayLost) {
  auto toy = cudaToy();
  Runner run(*toy, 1, 1, 0, "cuda");
  int32_t slot = run.slot();
  run.feed(slot, {1, 2});
  fake.failure = 700;
  EXPECT_EQ(run.step({3}, {slot}), LATHE_DEVICE_LOST);
  EXPECT_NE(std::string(lathe_last_error())
                .find("Fake GPU: running kernels failed with CUDA_ERROR_ILLEGAL_ADDRESS"),
            std::string::npos)
      << lathe_last_error();
  EXPECT_EQ(run.step({3}, {slot}), LATHE_DEVICE_LOST);
}

TEST_F(Cuda, LoadingTellsHowFarItIsAndStops) {
  auto toy = cudaToy();
  lathe_session_options options = LATHE_INIT(lathe_session_options);
  uint64_t last = 0;
  options.progress_user = &last;
  options.progress = [](void *user, uint64_t done, uint64_t total) {
    *static_cast<uint64_t *>(user) = done;
    return done == total ? 0 : 1;
  };
  std::string message;
  EXPECT_EQ(open(*toy, message, options), LATHE_OK) << message;
  EXPECT_EQ(last, uint64_t(kVocabulary * kDim * 4));
  options.progress = [](void *, uint64_t, uint64_t) { return 1; };
  EXPECT_EQ(open(*toy, message, options), LATHE_CANCELLED);
}

TEST_F(Cuda, CancelLeavesNothingBehind) {
  auto toy = cudaToy();
  Runner run(*toy, 1, 1, 0, "cuda");
  int32_t slot = run.slot();
  Tokens tokens = someTokens(80);
  lathe_session_cancel(run.get());
  EXPECT_EQ(run.step(tokens, Tokens(80, slot)), LATHE_CANCELLED);
  EXPECT_EQ(run.position(slot), 0u);
  EXPECT_EQ(run.feed(slot, tokens), expected(tokens));
}

TEST_F(Cuda, TwoSessionsAtOnce) {
  auto toy = cudaToy();
  Runner first(*toy, 1, 1, 0, "cuda"), second(*toy, 1, 1, 0, "cuda");
  int32_t a = first.slot(), b = second.slot();
  EXPECT_EQ(first.feed(a, {1, 2}), expected({1, 2}));
  EXPECT_EQ(second.feed(b, {3}), expected({3}));
  EXPECT_EQ(first.feed(a, {4}), expected({1, 2, 4}));
}

} // namespace

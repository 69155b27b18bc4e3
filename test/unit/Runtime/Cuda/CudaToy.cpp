#include "CudaToy.h"

#include "Artifact/KernelABI.h"

#include <cstdlib>
#include <deque>

using namespace lathe;

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

namespace lathe::toy {

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
    fake.devices = {{}, {"Old GPU", 6, 1}, {"Closed GPU", 9, 0, 1 << 20, true}, {.broken = true}};
    fake.parameters = [](const std::string &function) {
      const ToyKernel *kernel = kernelOf(function);
      return kernel ? 1 + kernel->bindings + 1 : 0;
    };
    fake.run = runToy;
  }
  ~Environment() { std::filesystem::remove_all(cache); }
  std::filesystem::path cache;
} environment;

} // namespace

std::filesystem::path cudaCache() { return environment.cache; }

std::unique_ptr<Toy> cudaToy(ToyOptions options, const CudaOptions &cuda) {
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

lathe_status openCuda(const Toy &toy, std::string &message, lathe_session_options options) {
  if (!options.device) options.device = "cuda";
  lathe_session *session = nullptr;
  lathe_status status = lathe_session_create(toy.model(), &options, &session);
  message = status == LATHE_OK ? "" : lathe_last_error();
  lathe_session_release(session);
  return status;
}

} // namespace lathe::toy

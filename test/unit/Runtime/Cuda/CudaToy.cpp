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
TOY_KERNEL(toyTop);

namespace lathe::toy {

namespace {

constexpr uint64_t kScratchBytes = kDim * sizeof(float);

/// The head's class for one row and its join (splitHead).
void headParts(const KernelBatch *batch, void *const *bindings, void *scratch, int64_t begin, int64_t end) {
  std::vector<float> logits(size_t(batch->outputs * kVocabulary));
  void *const parts[] = {bindings[0], bindings[1], logits.data()};
  toyHead(batch, parts, nullptr, begin, end);
  *static_cast<float *>(scratch) = logits[size_t(begin)];
}
void headJoin(const KernelBatch *, void *const *bindings, void *scratch, int64_t row, int64_t) {
  for (int64_t at = row * kVocabulary; at < (row + 1) * kVocabulary; ++at)
    static_cast<float *>(bindings[2])[at] = static_cast<float *>(scratch)[at * kDim];
}

struct ToyFunction {
  Kernel run;
  size_t bindings;
  int64_t (*items)(const KernelBatch &);
  bool isJoin = false;
};
int64_t rows(const KernelBatch &batch) { return batch.rows; }
int64_t segments(const KernelBatch &batch) { return batch.segments; }
int64_t sequences(const KernelBatch &batch) { return batch.sequences; }
int64_t outputs(const KernelBatch &batch) { return batch.outputs; }
int64_t logits(const KernelBatch &batch) { return batch.outputs * kVocabulary; }
constexpr ToyFunction kFunctions[] = {
    {toyGather, 2, rows},     {toyGather, 2, rows},         {toyAppend, 2, rows},
    {toyAppend, 2, rows},     {toyAttend, 2, segments},     {toyAttend, 2, segments},
    {toyRecur, 3, sequences}, {toyRecur, 3, sequences},     {headParts, 3, logits},
    {toyHead, 3, logits},     {headJoin, 3, outputs, true}, {toyPool, 2, sequences},
    {toyPool, 2, sequences},  {toyCopy, 2, rows},           {toyCopy, 2, rows},
    {toyTop, 2, outputs},     {toyTop, 2, outputs},
};

const ToyFunction *functionOf(const std::string &name) {
  size_t code = size_t(std::atoi(name.c_str() + 1));
  return code < std::size(kFunctions) ? &kFunctions[code] : nullptr;
}

/// As a work group does: one item, nothing beyond the last.
void runToy(const test::FakeLaunch &launch) {
  const ToyFunction &function = *functionOf(launch.function);
  auto *batch = reinterpret_cast<const KernelBatch *>(launch.addresses[0]);
  std::vector<void *> bindings;
  for (size_t i = 1; i <= function.bindings; ++i)
    bindings.push_back(reinterpret_cast<void *>(launch.addresses[i]));
  int64_t items = function.items(*batch), groups = int64_t(launch.groupsX) * launch.groupsY;
  EXPECT_LE(items, groups) << launch.function;
  for (int64_t item = 0; item < std::min(items, groups); ++item) {
    uint64_t scratch = launch.addresses.back() + (function.isJoin ? 0 : uint64_t(item) * kScratchBytes);
    function.run(batch, bindings.data(), reinterpret_cast<void *>(scratch), item, item + 1);
  }
}

/// Before anything looks for devices.
struct Environment {
  Environment() {
    cache = std::filesystem::temp_directory_path() / ("lathe-cuda-test-" + std::to_string(getpid()));
    setenv("XDG_CACHE_HOME", cache.c_str(), 1);
    test::FakeCuda &fake = test::fakeCuda();
    fake.devices = {{}, {"Old GPU", 6, 1}, {"Closed GPU", 9, 0, 1 << 20, true}, {.broken = true}};
    fake.parameters = [](const std::string &name) {
      const ToyFunction *function = functionOf(name);
      return function ? 1 + function->bindings + 1 : 0;
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
    splitHead(*program);
    program->variants.clear();
    for (const std::string &name : cuda.variants) {
      auto variant = std::make_unique<fb::VariantT>();
      variant->arch = "nvptx64";
      variant->name = name;
      variant->features = {name};
      variant->entries.assign(std::size(kFunctions) - (options.draws ? 0 : 2), 0);
      program->variants.push_back(std::move(variant));
      const std::string &text = texts.emplace_back(cuda.text + " for " + name);
      auto bytes = std::as_bytes(std::span(text.c_str(), text.size() + 1));
      images.push_back({1, uint32_t(program->variants.size() - 1), bytes});
    }
    header.programs.push_back(std::move(program));
  };
  return std::make_unique<Toy>(options);
}

} // namespace lathe::toy

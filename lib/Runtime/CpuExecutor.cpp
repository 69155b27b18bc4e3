#include "Runtime/CpuExecutor.h"

namespace lathe {

Result<std::unique_ptr<Executor>> CpuExecutor::create(const Artifact &artifact, const fb::Program &program,
                                                      const fb::Variant &variant, const MemoryPlan &plan) {
  auto image = MappedCode::map(artifact, variant);
  if (!image) return image.status();
  auto states = HostStates::allocate(plan.blocks, program.block_bytes(), plan.slots, program.fixed_bytes());
  if (!states) return states.status();
  auto arena = Region::allocate(plan.arena, "arena");
  if (!arena) return arena.status();
  auto scratch = Region::allocate(plan.scratch, "scratch of the threads");
  if (!scratch) return scratch.status();
  std::unique_ptr<CpuExecutor> executor(new CpuExecutor(std::move(*image), std::move(*states), plan.threads));
  executor->arena_ = std::move(*arena);
  executor->scratch_ = std::move(*scratch);
  executor->scratchPerThread_ = plan.scratchPerThread;
  executor->loadKernels(program, variant);
  for (const fb::Entry *entry : *program.entries()) executor->loadEntry(*entry, artifact, program);
  return std::unique_ptr<Executor>(std::move(executor));
}

void CpuExecutor::loadKernels(const fb::Program &program, const fb::Variant &variant) {
  for (const fb::Kernel *kernel : *program.kernels()) {
    kernels_.push_back({kernel->domain(), static_cast<uint32_t>(classes_.size())});
    for (uint32_t i = 0; i < kernel->classes()->size(); ++i) {
      const fb::KernelClass &source = *kernel->classes()->Get(i);
      Kernel code = image_.kernel(variant.entries()->Get(kernel->first_code() + i));
      classes_.push_back({source.max_rows(), gridOf(source), code});
    }
  }
}

void *CpuExecutor::resolve(const fb::Binding &binding, const Artifact &artifact,
                           const fb::Program &program) const {
  auto value = static_cast<uint32_t>(binding.value());
  switch (binding.kind()) {
  case fb::BindingKind::Arena:
    return arena_.data() + binding.value();
  case fb::BindingKind::Weight:
    // Kernels only read weights: the mapping behind them is read-only.
    return const_cast<std::byte *>(artifact.weight(value).data());
  case fb::BindingKind::Growing:
    return states_.blocks() + program.states()->Get(value)->offset();
  case fb::BindingKind::Fixed:
    return states_.fixed() + program.states()->Get(value)->offset();
  }
  return nullptr;
}

void CpuExecutor::loadEntry(const fb::Entry &entry, const Artifact &artifact, const fb::Program &program) {
  LoadedEntry loaded;
  for (const fb::Dispatch *dispatch : *entry.dispatches()) {
    loaded.launches.push_back({dispatch->kernel(), bindings_.size()});
    for (const fb::Binding *binding : *dispatch->bindings())
      bindings_.push_back(resolve(*binding, artifact, program));
  }
  loaded.result = reinterpret_cast<float *>(arena_.data() + entry.result_offset());
  loaded.stride = entry.result_stride();
  loaded.source = reinterpret_cast<const float *>(arena_.data() + entry.source_offset());
  loaded.sourceStride = entry.source_stride();
  entries_.push_back(std::move(loaded));
}

namespace {
struct LaunchContext {
  Kernel code;
  const KernelBatch *batch;
  void *const *bindings;
  std::byte *scratch;
  uint64_t scratchPerThread;
};
} // namespace

// The sanitizer for calls reads a signature in front of the function, where a flat image may have nothing.
__attribute__((no_sanitize("function"))) static void launch(void *opaque, unsigned thread, int64_t begin,
                                                            int64_t end) {
  auto *context = static_cast<const LaunchContext *>(opaque);
  context->code(context->batch, context->bindings, context->scratch + thread * context->scratchPerThread,
                begin, end);
}

Result<bool> CpuExecutor::run(uint32_t entry, const KernelBatch &batch, const std::atomic<bool> *cancel) {
  LaunchContext context = {nullptr, &batch, nullptr, scratch_.data(), scratchPerThread_};
  BatchCounts counts = countsOf(batch);
  for (const Launch &next : entries_[entry].launches) {
    if (cancel && cancel->load(std::memory_order_relaxed)) return false;
    const LoadedKernel &kernel = kernels_[next.kernel];
    int64_t count = countOf(kernel.domain, counts);
    if (count == 0) continue;
    const LoadedClass *chosen = &classes_[kernel.firstClass];
    while (chosen->maxRows < count) ++chosen;
    context.code = chosen->code;
    context.bindings = bindings_.data() + next.firstBinding;
    threads_.run(launch, &context, workItems(chosen->grid, counts));
  }
  return true;
}

} // namespace lathe

#include "Runtime/Executor.h"

namespace lathe {

Executor::Executor(const Artifact &artifact, const fb::Program &program, const fb::Variant &variant,
                   MappedCode image, const ExecutorMemory &memory, ThreadPool &threads)
    : image_(std::move(image)), memory_(memory), threads_(threads) {
  loadKernels(program, variant);
  for (const fb::Entry *entry : *program.entries()) loadEntry(*entry, artifact, program);
}

void Executor::loadKernels(const fb::Program &program, const fb::Variant &variant) {
  for (const fb::Kernel *kernel : *program.kernels()) {
    kernels_.push_back({kernel->domain(), static_cast<uint32_t>(classes_.size())});
    for (uint32_t i = 0; i < kernel->classes()->size(); ++i) {
      const fb::KernelClass &source = *kernel->classes()->Get(i);
      LoadedClass loaded = {};
      loaded.maxRows = source.max_rows();
      loaded.factors = source.grid() ? source.grid()->size() : 0;
      for (uint32_t f = 0; f < loaded.factors; ++f) loaded.grid[f] = *source.grid()->Get(f);
      loaded.code = image_.kernel(variant.entries()->Get(kernel->first_code() + i));
      classes_.push_back(loaded);
    }
  }
}

void *Executor::resolve(const fb::Binding &binding, const Artifact &artifact,
                        const fb::Program &program) const {
  auto value = static_cast<uint32_t>(binding.value());
  switch (binding.kind()) {
  case fb::BindingKind::Arena:
    return memory_.arena + binding.value();
  case fb::BindingKind::Weight:
    // Kernels only read weights: the mapping behind them is read-only.
    return const_cast<std::byte *>(artifact.weight(value).data());
  case fb::BindingKind::Growing:
    return memory_.blocks + program.states()->Get(value)->offset();
  case fb::BindingKind::Fixed:
    return memory_.fixed + program.states()->Get(value)->offset();
  }
  return nullptr;
}

void Executor::loadEntry(const fb::Entry &entry, const Artifact &artifact, const fb::Program &program) {
  LoadedEntry loaded;
  for (const fb::Dispatch *dispatch : *entry.dispatches()) {
    loaded.launches.push_back({dispatch->kernel(), bindings_.size()});
    for (const fb::Binding *binding : *dispatch->bindings())
      bindings_.push_back(resolve(*binding, artifact, program));
  }
  loaded.result = reinterpret_cast<float *>(memory_.arena + entry.result_offset());
  loaded.stride = entry.result_stride();
  entries_.push_back(std::move(loaded));
}

static int64_t countOf(fb::GridKind kind, const KernelBatch &batch) {
  switch (kind) {
  case fb::GridKind::Constant:
    return 0;
  case fb::GridKind::Rows:
    return batch.rows;
  case fb::GridKind::Outputs:
    return batch.outputs;
  case fb::GridKind::Segments:
    return batch.segments;
  case fb::GridKind::Sequences:
    return batch.sequences;
  }
  return 0;
}

int64_t Executor::workItems(const LoadedClass &loaded, const KernelBatch &batch) {
  int64_t items = 1;
  for (uint32_t i = 0; i < loaded.factors; ++i) {
    int64_t value = loaded.grid[i].value();
    bool constant = loaded.grid[i].kind() == fb::GridKind::Constant;
    items *= constant ? value : (countOf(loaded.grid[i].kind(), batch) + value - 1) / value;
  }
  return items;
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

bool Executor::run(uint32_t entry, const KernelBatch &batch, const std::atomic<bool> *cancel) {
  LaunchContext context = {nullptr, &batch, nullptr, memory_.scratch, memory_.scratchPerThread};
  for (const Launch &next : entries_[entry].launches) {
    if (cancel && cancel->load(std::memory_order_relaxed)) return false;
    const LoadedKernel &kernel = kernels_[next.kernel];
    uint32_t count = static_cast<uint32_t>(kernel.domain == fb::RowDomain::Rows      ? batch.rows
                                           : kernel.domain == fb::RowDomain::Outputs ? batch.outputs
                                                                                     : batch.sequences);
    if (count == 0) continue;
    const LoadedClass *chosen = &classes_[kernel.firstClass];
    while (chosen->maxRows < count) ++chosen;
    context.code = chosen->code;
    context.bindings = bindings_.data() + next.firstBinding;
    threads_.run(launch, &context, workItems(*chosen, batch));
  }
  return true;
}

} // namespace lathe

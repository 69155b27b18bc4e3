// Runs a program on the CPU: weights and code as the file has them, threads over the work items.
#pragma once

#include "Runtime/Executor.h"
#include "Runtime/HostStates.h"
#include "Runtime/MappedCode.h"
#include "Runtime/MemoryPlan.h"
#include "Runtime/ThreadPool.h"
#include "Runtime/WorkGrid.h"

#include <memory>
#include <vector>

namespace lathe {

/// Everything is resolved when it is made: code, operands, grids. A call picks the class of each kernel by
/// the rows of the batch, and runs.
class CpuExecutor final : public Executor {
public:
  static Result<std::unique_ptr<Executor>> create(const Artifact &artifact, const fb::Program &program,
                                                  const fb::Variant &variant, const MemoryPlan &plan);

  Result<bool> run(uint32_t entry, const KernelBatch &batch, const std::atomic<bool> *cancel) override;
  float *result(uint32_t entry, int32_t row) override {
    const LoadedEntry &loaded = entries_[entry];
    return loaded.result + static_cast<size_t>(row) * loaded.stride;
  }
  Result<const float *> source(uint32_t entry, int32_t row) override {
    const LoadedEntry &loaded = entries_[entry];
    return loaded.source + static_cast<size_t>(row) * loaded.sourceStride;
  }
  StateMemory &states() override { return states_; }

private:
  struct LoadedClass {
    uint32_t maxRows;
    std::span<const fb::GridFactor> grid; ///< the artifact's own
    Kernel code;
  };
  struct LoadedKernel {
    fb::RowDomain domain;
    uint32_t firstClass; ///< in classes_, ascending maxRows; the last one covers every legal call
  };
  struct Launch {
    uint32_t kernel;
    size_t firstBinding; ///< in bindings_
  };
  struct LoadedEntry {
    std::vector<Launch> launches;
    float *result;
    size_t stride;
    const float *source;
    size_t sourceStride;
  };
  CpuExecutor(MappedCode image, HostStates states, unsigned threads)
      : image_(std::move(image)), states_(std::move(states)), threads_(threads) {}
  void loadKernels(const fb::Program &program, const fb::Variant &variant);
  void loadEntry(const fb::Entry &entry, const Artifact &artifact, const fb::Program &program);
  void *resolve(const fb::Binding &binding, const Artifact &artifact, const fb::Program &program) const;

  MappedCode image_;
  HostStates states_;
  Region arena_, scratch_;
  uint64_t scratchPerThread_ = 0;
  ThreadPool threads_;
  std::vector<LoadedClass> classes_;
  std::vector<LoadedKernel> kernels_;
  std::vector<LoadedEntry> entries_;
  std::vector<void *> bindings_;
};

} // namespace lathe

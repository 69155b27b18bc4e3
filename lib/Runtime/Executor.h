// Walks a program's dispatch lists.
#pragma once

#include "Runtime/MappedCode.h"
#include "Runtime/ThreadPool.h"

#include <atomic>
#include <vector>

namespace lathe {

/// Where a program's operands lie.
struct ExecutorMemory {
  std::byte *arena = nullptr;
  std::byte *blocks = nullptr;  ///< the pool of growing states
  std::byte *fixed = nullptr;   ///< fixed-size states, slot by slot
  std::byte *scratch = nullptr; ///< scratchPerThread for each thread
  uint64_t scratchPerThread = 0;
};

/// Everything is resolved when it is made: code, operands, grids. A call picks the class of each kernel by
/// the rows of the batch, and runs.
class Executor {
public:
  Executor(const Artifact &artifact, const fb::Program &program, const fb::Variant &variant, MappedCode image,
           const ExecutorMemory &memory, ThreadPool &threads);

  /// Runs entry number `entry`. Between dispatches it looks at `cancel` (may be null) and stops with false
  /// when set.
  bool run(uint32_t entry, const KernelBatch &batch, const std::atomic<bool> *cancel);

  /// The first element of row `row` of the entry's result.
  float *result(uint32_t entry, int32_t row) const {
    const LoadedEntry &loaded = entries_[entry];
    return loaded.result + static_cast<size_t>(row) * loaded.stride;
  }

private:
  struct LoadedClass {
    uint32_t maxRows;
    uint32_t factors;
    fb::GridFactor grid[limits::kGridFactors];
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
  };
  void loadKernels(const fb::Program &program, const fb::Variant &variant);
  void loadEntry(const fb::Entry &entry, const Artifact &artifact, const fb::Program &program);
  void *resolve(const fb::Binding &binding, const Artifact &artifact, const fb::Program &program) const;
  static int64_t workItems(const LoadedClass &loaded, const KernelBatch &batch);

  MappedCode image_;
  ExecutorMemory memory_;
  ThreadPool &threads_;
  std::vector<LoadedClass> classes_;
  std::vector<LoadedKernel> kernels_;
  std::vector<LoadedEntry> entries_;
  std::vector<void *> bindings_;
};

} // namespace lathe

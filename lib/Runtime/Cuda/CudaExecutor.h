// Runs a program on a CUDA device: graphs over memory that was reserved when it was made.
#pragma once

#include "Runtime/Cuda/CudaBackend.h"
#include "Runtime/Cuda/Graphs.h"
#include "Runtime/Cuda/States.h"
#include "Runtime/Cuda/Weights.h"

#include <optional>

namespace lathe {

class CudaExecutor final : public Executor {
public:
  static Result<std::unique_ptr<Executor>> create(uint32_t index, const Artifact &artifact,
                                                  const fb::Program &program, const fb::Variant &variant,
                                                  const MemoryPlan &plan, const gpu::Progress &progress);

  Result<bool> run(uint32_t entry, const KernelBatch &batch, const std::atomic<bool> *cancel) override;
  float *result(uint32_t entry, int32_t row) override {
    return reinterpret_cast<float *>(readback_.data()) + static_cast<size_t>(row) * entries_[entry].stride;
  }
  Result<const float *> source(uint32_t entry, int32_t row) override;
  StateMemory &states() override { return *states_; }

private:
  explicit CudaExecutor(const fb::Program &program) : buckets_(program) {}
  Status load(const Artifact &artifact, const fb::Program &program, const fb::Variant &variant,
              const MemoryPlan &plan, const gpu::Progress &progress);
  Status reserve(const fb::Program &program, const MemoryPlan &plan);
  void loadEntries(const fb::Program &program);
  Status wait(size_t piece);
  Result<bool> runPieces(const cuda::Recording &recording, const std::atomic<bool> *cancel);

  // What is used is above what uses it.
  std::unique_ptr<cuda::Device> device_;
  std::optional<cuda::Kernels> kernels_;
  std::unique_ptr<cuda::States> states_;
  std::optional<cuda::Weights> weights_;
  cuda::Buffer arena_, scratch_;
  cuda::HostBuffer readback_;
  cuda::BatchBuffer batch_;
  std::vector<gpu::RecordedEntry> entries_;
  gpu::Buckets buckets_;
  std::optional<cuda::Graphs> graphs_;
  cuda::Event done_[2]; ///< of the pieces under way
  bool running_[2] = {};
};

} // namespace lathe

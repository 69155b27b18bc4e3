// Runs a program on a Vulkan device: recorded launches over memory that was reserved when it was made.
#pragma once

#include "Runtime/Vulkan/Recordings.h"
#include "Runtime/Vulkan/States.h"
#include "Runtime/Vulkan/VulkanBackend.h"
#include "Runtime/Vulkan/Weights.h"

namespace lathe {

class VulkanExecutor final : public Executor {
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
  explicit VulkanExecutor(const fb::Program &program) : buckets_(program) {}
  Status reserve(const fb::Program &program, const MemoryPlan &plan);
  void loadEntries(const fb::Program &program);
  Status finishPieces();

  // What is used is above what uses it.
  std::unique_ptr<vulkan::Device> device_;
  std::unique_ptr<vulkan::Pipelines> pipelines_;
  std::unique_ptr<vulkan::States> states_;
  std::optional<vulkan::Weights> weights_;
  vulkan::Buffer arena_, scratch_, readback_;
  vulkan::BatchBuffer batch_;
  std::vector<gpu::RecordedEntry> entries_;
  gpu::Buckets buckets_;
  std::optional<vulkan::Recordings> recordings_;
  vulkan::Fence fences_[2]; ///< of the pieces in flight
  vulkan::Task fetch_;      ///< of a row of a source
};

} // namespace lathe

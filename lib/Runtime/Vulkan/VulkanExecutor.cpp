#include "Runtime/Vulkan/VulkanExecutor.h"

namespace lathe {

using namespace gpu;
using namespace vulkan;

Result<std::unique_ptr<Executor>> VulkanExecutor::create(uint32_t index, const Artifact &artifact,
                                                         const fb::Program &program,
                                                         const fb::Variant &variant, const MemoryPlan &plan,
                                                         const Progress &progress) {
  auto instance = Instance::shared();
  if (!instance) return instance.status();
  auto physical = (*instance)->device(index);
  if (!physical) return physical.status();
  std::unique_ptr<VulkanExecutor> executor(new VulkanExecutor(program));
  auto device = Device::open(**instance, **physical, *variant.features());
  if (!device) return device.status();
  executor->device_ = std::move(*device);
  const auto &most = (*physical)->properties.limits.maxComputeWorkGroupCount;
  Status groups = checkGroups(executor->device_->name(), program, plan.slots, most[0], most[1]);
  if (!groups.ok()) return groups;
  // Memory first: it is what fails, and fails fast.
  if (Status status = executor->reserve(program, plan); !status.ok()) return status;
  auto pipelines = Pipelines::create(*executor->device_, program, variant, artifact.code(variant));
  if (!pipelines) return pipelines.status();
  executor->pipelines_ = std::move(*pipelines);
  auto weights = Weights::upload(*executor->device_, artifact, program, progress);
  if (!weights) return weights.status();
  executor->weights_.emplace(std::move(*weights));
  executor->loadEntries(program);
  if (Status status = executor->device_->check(); !status.ok()) return status;
  return std::unique_ptr<Executor>(std::move(executor));
}

Status VulkanExecutor::reserve(const fb::Program &program, const MemoryPlan &plan) {
  auto states =
      States::create(*device_, plan.blocks, program.block_bytes(), plan.slots, program.fixed_bytes());
  if (!states) return states.status();
  states_ = std::move(*states);
  auto take = [&](Buffer &buffer, uint64_t bytes, Placement placement, const char *what) {
    auto made = Buffer::create(*device_, bytes, placement, what);
    if (made) buffer = std::move(*made);
    return made.status();
  };
  LATHE_TRY(take(arena_, plan.arena, Placement::Device, "arena"));
  LATHE_TRY(take(scratch_, plan.scratch, Placement::Device, "scratch of the kernels"));
  LATHE_TRY(take(readback_, mostResultBytes(program) + plan.sourceBytes, Placement::Readback, "results"));
  auto batch = BatchBuffer::create(*device_, program, plan);
  if (!batch) return batch.status();
  batch_ = std::move(*batch);
  auto fetch = Task::create(*device_);
  if (!fetch) return fetch.status();
  fetch_ = std::move(*fetch);
  for (Fence &fence : fences_) {
    auto made = Fence::create(*device_);
    if (!made) return made.status();
    fence = std::move(*made);
  }
  return {};
}

void VulkanExecutor::loadEntries(const fb::Program &program) {
  OperandMemory memory = {[this](uint64_t weight) { return weights_->address(weight); },
                          states_->blocks(),
                          states_->fixed(),
                          batch_.address(),
                          arena_.address(),
                          scratch_.address()};
  entries_ = recordedEntries(program, memory);
  recordings_.emplace(*device_, *pipelines_, batch_, arena_, readback_);
}

Status VulkanExecutor::finishPieces() {
  for (Fence &fence : fences_) LATHE_TRY(fence.wait());
  return device_->check();
}

Result<const float *> VulkanExecutor::source(uint32_t entry, int32_t row) {
  if (Status status = device_->check(); !status.ok()) return status;
  const RecordedEntry &from = entries_[entry];
  uint64_t bytes = from.sourceColumns * sizeof(float), at = readback_.bytes() - bytes;
  uint64_t offset = from.sourceOffset + static_cast<uint64_t>(row) * from.sourceStride * sizeof(float);
  if (Status status = fetch_.begin(); !status.ok()) return status;
  fetch_.commands().copy(arena_, offset, readback_, at, bytes);
  fetch_.commands().barrierToHost();
  if (Status status = fetch_.run(); !status.ok()) return status;
  if (Status status = device_->check(); !status.ok()) return status;
  return reinterpret_cast<const float *>(readback_.data() + at);
}

Result<bool> VulkanExecutor::run(uint32_t entry, const KernelBatch &batch, const std::atomic<bool> *cancel) {
  if (Status status = device_->check(); !status.ok()) return status;
  auto recording = recordings_->get(entry, entries_[entry], buckets_.covering(countsOf(batch)));
  if (!recording) return recording.status();
  if (Status status = batch_.fill(batch, (*recording)->layout); !status.ok()) return status;
  bool stopped = false;
  for (size_t i = 0; i < (*recording)->pieces.size() && !stopped; ++i) {
    // Two pieces are in flight: the device goes on while the host looks.
    Fence &fence = fences_[i % 2];
    if (Status status = fence.wait(); !status.ok()) return status;
    stopped = cancel && cancel->load(std::memory_order_relaxed);
    if (stopped) break;
    VkCommandBuffer commands[3];
    size_t count = 0;
    for (VkCommandBuffer copy : batch_.takeCopies()) commands[count++] = copy;
    commands[count++] = (*recording)->pieces[i].handle();
    if (Status status = fence.submit({commands, count}); !status.ok()) return status;
  }
  if (Status status = finishPieces(); !status.ok()) return status;
  return !stopped;
}

} // namespace lathe

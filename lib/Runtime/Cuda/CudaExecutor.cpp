#include "Runtime/Cuda/CudaExecutor.h"

namespace lathe {

using namespace cuda;

Result<std::unique_ptr<Executor>> CudaExecutor::create(uint32_t index, const Artifact &artifact,
                                                       const fb::Program &program, const fb::Variant &variant,
                                                       const MemoryPlan &plan,
                                                       const gpu::Progress &progress) {
  auto driver = Driver::shared();
  if (!driver) return driver.status();
  auto physical = (*driver)->device(index);
  if (!physical) return physical.status();
  std::unique_ptr<CudaExecutor> executor(new CudaExecutor(program));
  auto device = Device::open(**driver, **physical);
  if (!device) return device.status();
  executor->device_ = std::move(*device);
  Device::Current current(*executor->device_);
  if (Status status = executor->load(artifact, program, variant, plan, progress); !status.ok()) return status;
  return std::unique_ptr<Executor>(std::move(executor));
}

Status CudaExecutor::load(const Artifact &artifact, const fb::Program &program, const fb::Variant &variant,
                          const MemoryPlan &plan, const gpu::Progress &progress) {
  const PhysicalDevice &physical = device_->physical();
  LATHE_TRY(gpu::checkGroups(physical.name, program, plan.slots, physical.mostGroupsX, physical.mostGroupsY));
  // Memory first: it is what fails, and fails fast.
  LATHE_TRY(reserve(program, plan));
  auto kernels = Kernels::load(*device_, program, artifact.code(variant));
  if (!kernels) return kernels.status();
  kernels_.emplace(std::move(*kernels));
  auto weights = Weights::upload(*device_, artifact, program, progress);
  if (!weights) return weights.status();
  weights_.emplace(std::move(*weights));
  loadEntries(program);
  return {};
}

Status CudaExecutor::reserve(const fb::Program &program, const MemoryPlan &plan) {
  auto states =
      States::create(*device_, plan.blocks, program.block_bytes(), plan.slots, program.fixed_bytes());
  if (!states) return states.status();
  states_ = std::move(*states);
  auto take = [&](auto &buffer, uint64_t bytes, const char *what) {
    auto made = std::remove_reference_t<decltype(buffer)>::create(*device_, bytes, what);
    if (made) buffer = std::move(*made);
    return made.status();
  };
  LATHE_TRY(take(arena_, plan.arena, "arena"));
  LATHE_TRY(take(scratch_, plan.scratch, "scratch of the kernels"));
  LATHE_TRY(take(readback_, gpu::mostResultBytes(program) + plan.sourceBytes, "results"));
  auto batch = BatchBuffer::create(*device_, program, plan);
  if (!batch) return batch.status();
  batch_ = std::move(*batch);
  for (Event &event : done_) {
    auto made = makeEvent(*device_);
    if (!made) return made.status();
    event = std::move(*made);
  }
  return {};
}

void CudaExecutor::loadEntries(const fb::Program &program) {
  entries_ = gpu::recordedEntries(program, {[this](uint64_t weight) { return weights_->address(weight); },
                                            states_->blocks(), states_->fixed(), batch_.address(),
                                            arena_.address(), scratch_.address()});
  graphs_.emplace(*device_, *kernels_, batch_, arena_, readback_);
}

Status CudaExecutor::wait(size_t piece) {
  if (!std::exchange(running_[piece % 2], false)) return {};
  return device_->wait(done_[piece % 2].get());
}

Result<bool> CudaExecutor::runPieces(const Recording &recording, const std::atomic<bool> *cancel) {
  const Api &api = device_->api();
  bool stopped = false;
  for (size_t i = 0; i < recording.pieces.size() && !stopped; ++i) {
    // Two pieces are under way: the device goes on while the host looks.
    if (Status status = wait(i); !status.ok()) return status;
    stopped = cancel && cancel->load(std::memory_order_relaxed);
    if (stopped) break;
    Status status =
        device_->check(api.GraphLaunch(recording.pieces[i].get(), device_->stream()), "starting kernels");
    if (!status.ok()) return status;
    status = device_->check(api.EventRecord(done_[i % 2].get(), device_->stream()), "starting kernels");
    if (!status.ok()) return status;
    running_[i % 2] = true;
  }
  for (size_t i = 0; i < 2; ++i)
    if (Status status = wait(i); !status.ok()) return status;
  return !stopped;
}

Result<const float *> CudaExecutor::source(uint32_t entry, int32_t row) {
  if (Status status = device_->check(); !status.ok()) return status;
  Device::Current current(*device_);
  const gpu::RecordedEntry &from = entries_[entry];
  uint64_t bytes = from.sourceColumns * sizeof(float);
  std::byte *to = readback_.data() + readback_.bytes() - bytes;
  CUdeviceptr at =
      arena_.address() + from.sourceOffset + static_cast<uint64_t>(row) * from.sourceStride * sizeof(float);
  const Api &api = device_->api();
  Status status = device_->check(api.MemcpyDtoHAsync(to, at, bytes, device_->stream()), "fetching logits");
  if (!status.ok()) return status;
  status = device_->check(api.EventRecord(done_[0].get(), device_->stream()), "fetching logits");
  if (!status.ok()) return status;
  if (status = device_->wait(done_[0].get()); !status.ok()) return status;
  return reinterpret_cast<const float *>(to);
}

Result<bool> CudaExecutor::run(uint32_t entry, const KernelBatch &batch, const std::atomic<bool> *cancel) {
  if (Status status = device_->check(); !status.ok()) return status;
  Device::Current current(*device_);
  auto recording = graphs_->get(entry, entries_[entry], buckets_.covering(countsOf(batch)));
  if (!recording) return recording.status();
  if (Status status = batch_.fill(*device_, batch, (*recording)->layout); !status.ok()) return status;
  return runPieces(**recording, cancel);
}

} // namespace lathe

#include "Runtime/Cuda/States.h"

namespace lathe::cuda {

Result<std::unique_ptr<States>> States::create(Device &device, uint32_t blocks, uint64_t blockBytes,
                                               uint32_t slots, uint64_t fixedBytes) {
  std::unique_ptr<States> states(new States(device, blockBytes, fixedBytes));
  if (Status status = states->make(blocks, slots); !status.ok()) return status;
  return states;
}

Status States::make(uint32_t blocks, uint32_t slots) {
  auto pool = Buffer::create(device_, blocks * blockBytes(), "pool of growing states");
  if (!pool) return pool.status();
  blocks_ = std::move(*pool);
  auto fixed = Buffer::create(device_, slots * fixedBytes(), "fixed-size states");
  if (!fixed) return fixed.status();
  fixed_ = std::move(*fixed);
  auto stage = HostBuffer::create(device_, stageBytes(), "stage of the states");
  if (!stage) return stage.status();
  stage_ = std::move(*stage);
  auto event = makeEvent(device_);
  if (!event) return event.status();
  done_ = std::move(*event);
  LATHE_TRY(zero(blocks_.address(), blocks_.bytes()));
  LATHE_TRY(zero(fixed_.address(), fixed_.bytes()));
  return finish();
}

Status States::finish() {
  LATHE_TRY(device_.check(device_.api().EventRecord(done_.get(), device_.stream()), "copying states"));
  return device_.wait(done_.get());
}

Status States::zero(CUdeviceptr address, uint64_t bytes) {
  if (bytes == 0) return {};
  return device_.check(device_.api().MemsetD8Async(address, 0, bytes, device_.stream()), "clearing states");
}

Status States::clear(Pool pool, uint64_t offset, uint64_t bytes) {
  Device::Current current(device_);
  return zero(address(pool, offset), bytes);
}

Status States::copy(Pool pool, uint64_t from, uint64_t to, uint64_t bytes) {
  Device::Current current(device_);
  CUresult result =
      device_.api().MemcpyDtoDAsync(address(pool, to), address(pool, from), bytes, device_.stream());
  return device_.check(result, "copying states");
}

Status States::toStage(Pool pool, uint64_t offset, uint64_t bytes) {
  Device::Current current(device_);
  CUresult result =
      device_.api().MemcpyDtoHAsync(stage_.data(), address(pool, offset), bytes, device_.stream());
  LATHE_TRY(device_.check(result, "reading states"));
  return finish();
}

Status States::fromStage(Pool pool, uint64_t offset, uint64_t bytes) {
  Device::Current current(device_);
  CUresult result =
      device_.api().MemcpyHtoDAsync(address(pool, offset), stage_.data(), bytes, device_.stream());
  LATHE_TRY(device_.check(result, "writing states"));
  return finish();
}

} // namespace lathe::cuda

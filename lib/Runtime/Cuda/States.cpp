#include "Runtime/Cuda/States.h"

#include <algorithm>
#include <cstring>

namespace lathe::cuda {

/// A part that is larger goes through the stage piece by piece.
static constexpr uint64_t kStageBytes = 4 << 20;

static CUdeviceptr partAt(const Buffer &buffer, int32_t number, uint64_t bytes) {
  return buffer.address() + static_cast<uint64_t>(number) * bytes;
}

Result<std::unique_ptr<States>> States::create(Device &device, uint32_t blocks, uint64_t blockBytes,
                                               uint32_t slots, uint64_t fixedBytes) {
  std::unique_ptr<States> states(new States(device));
  states->blockBytes_ = blockBytes;
  states->fixedBytes_ = fixedBytes;
  if (Status status = states->make(blocks, slots); !status.ok()) return status;
  return states;
}

Status States::make(uint32_t blocks, uint32_t slots) {
  auto pool = Buffer::create(device_, blocks * blockBytes_, "pool of growing states");
  if (!pool) return pool.status();
  blocks_ = std::move(*pool);
  auto fixed = Buffer::create(device_, slots * fixedBytes_, "fixed-size states");
  if (!fixed) return fixed.status();
  fixed_ = std::move(*fixed);
  auto stage = HostBuffer::create(device_, std::min(std::max(blockBytes_, fixedBytes_), kStageBytes),
                                  "stage of the states");
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

Status States::clear(const Buffer &buffer, int32_t number, uint64_t bytes) {
  Device::Current current(device_);
  return zero(partAt(buffer, number, bytes), bytes);
}

Status States::copy(const Buffer &buffer, int32_t from, int32_t to, uint64_t bytes) {
  Device::Current current(device_);
  CUresult result = device_.api().MemcpyDtoDAsync(partAt(buffer, to, bytes), partAt(buffer, from, bytes),
                                                  bytes, device_.stream());
  return device_.check(result, "copying states");
}

Status States::read(const Buffer &buffer, int32_t number, std::span<std::byte> out) {
  Device::Current current(device_);
  CUdeviceptr from = partAt(buffer, number, out.size());
  for (uint64_t done = 0; done < out.size();) {
    uint64_t piece = std::min<uint64_t>(out.size() - done, stage_.bytes());
    CUresult result = device_.api().MemcpyDtoHAsync(stage_.data(), from + done, piece, device_.stream());
    LATHE_TRY(device_.check(result, "reading states"));
    LATHE_TRY(finish());
    std::memcpy(out.data() + done, stage_.data(), piece);
    done += piece;
  }
  return {};
}

Status States::write(const Buffer &buffer, int32_t number, std::span<const std::byte> in) {
  Device::Current current(device_);
  CUdeviceptr to = partAt(buffer, number, in.size());
  for (uint64_t done = 0; done < in.size();) {
    uint64_t piece = std::min<uint64_t>(in.size() - done, stage_.bytes());
    std::memcpy(stage_.data(), in.data() + done, piece);
    CUresult result = device_.api().MemcpyHtoDAsync(to + done, stage_.data(), piece, device_.stream());
    LATHE_TRY(device_.check(result, "writing states"));
    LATHE_TRY(finish());
    done += piece;
  }
  return {};
}

} // namespace lathe::cuda

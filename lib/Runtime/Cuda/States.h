// States of sequences in a device's memory.
#pragma once

#include "Runtime/Gpu/DeviceStates.h"
#include "Runtime/Cuda/Buffer.h"

namespace lathe::cuda {

/// Copies and clears are queued behind whatever was started before; only what the host reads is waited for.
class States final : public gpu::DeviceStates {
public:
  /// Room for `blocks` blocks and the fixed-size states of `slots` slots, zero.
  static Result<std::unique_ptr<States>> create(Device &device, uint32_t blocks, uint64_t blockBytes,
                                                uint32_t slots, uint64_t fixedBytes);

  /// What kernels add a state's offset to.
  CUdeviceptr blocks() const { return blocks_.address(); }
  CUdeviceptr fixed() const { return fixed_.address(); }

private:
  States(Device &device, uint64_t blockBytes, uint64_t fixedBytes)
      : DeviceStates(blockBytes, fixedBytes), device_(device) {}
  Status make(uint32_t blocks, uint32_t slots);
  Status zero(CUdeviceptr address, uint64_t bytes);
  Status finish();
  CUdeviceptr address(Pool pool, uint64_t offset) const {
    return (pool == Pool::Growing ? blocks_ : fixed_).address() + offset;
  }
  Status clear(Pool pool, uint64_t offset, uint64_t bytes) override;
  Status copy(Pool pool, uint64_t from, uint64_t to, uint64_t bytes) override;
  Status toStage(Pool pool, uint64_t offset, uint64_t bytes) override;
  Status fromStage(Pool pool, uint64_t offset, uint64_t bytes) override;
  std::span<std::byte> stage() override { return {stage_.data(), stage_.bytes()}; }

  Device &device_;
  Buffer blocks_, fixed_;
  HostBuffer stage_;
  Event done_;
};

} // namespace lathe::cuda

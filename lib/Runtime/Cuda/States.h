// States of sequences in a device's memory.
#pragma once

#include "Runtime/Cuda/Buffer.h"
#include "Runtime/StateMemory.h"

namespace lathe::cuda {

/// Copies and clears are queued behind whatever was started before; only what the host reads is waited for.
class States final : public StateMemory {
public:
  /// Room for `blocks` blocks and the fixed-size states of `slots` slots, zero.
  static Result<std::unique_ptr<States>> create(Device &device, uint32_t blocks, uint64_t blockBytes,
                                                uint32_t slots, uint64_t fixedBytes);

  Status clearBlock(int32_t block) override { return clear(blocks_, block, blockBytes_); }
  Status copyBlock(int32_t from, int32_t to) override { return copy(blocks_, from, to, blockBytes_); }
  Status clearFixed(int32_t slot) override { return clear(fixed_, slot, fixedBytes_); }
  Status copyFixed(int32_t from, int32_t to) override { return copy(fixed_, from, to, fixedBytes_); }
  Status readBlock(int32_t block, std::span<std::byte> out) override { return read(blocks_, block, out); }
  Status writeBlock(int32_t block, std::span<const std::byte> in) override {
    return write(blocks_, block, in);
  }
  Status readFixed(int32_t slot, std::span<std::byte> out) override { return read(fixed_, slot, out); }
  Status writeFixed(int32_t slot, std::span<const std::byte> in) override { return write(fixed_, slot, in); }

  /// What kernels add a state's offset to.
  CUdeviceptr blocks() const { return blocks_.address(); }
  CUdeviceptr fixed() const { return fixed_.address(); }

private:
  explicit States(Device &device) : device_(device) {}
  Status make(uint32_t blocks, uint32_t slots);
  Status zero(CUdeviceptr address, uint64_t bytes);
  // The `number`-th of equal parts of a buffer.
  Status clear(const Buffer &buffer, int32_t number, uint64_t bytes);
  Status copy(const Buffer &buffer, int32_t from, int32_t to, uint64_t bytes);
  Status read(const Buffer &buffer, int32_t number, std::span<std::byte> out);
  Status write(const Buffer &buffer, int32_t number, std::span<const std::byte> in);
  Status finish();

  Device &device_;
  uint64_t blockBytes_ = 0, fixedBytes_ = 0;
  Buffer blocks_, fixed_;
  HostBuffer stage_; ///< what the host reads and writes
  Event done_;
};

} // namespace lathe::cuda

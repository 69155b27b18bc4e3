// States of sequences in a device's memory: which bytes; how they are moved is each kind of device's.
#pragma once

#include "Runtime/StateMemory.h"

namespace lathe::gpu {

/// Two pools of equal parts: blocks of growing states, and the fixed-size states of slots.
class DeviceStates : public StateMemory {
public:
  Status clearBlock(int32_t block) final { return clear(growing_, at(block, blockBytes_), blockBytes_); }
  Status copyBlock(int32_t from, int32_t to) final {
    return copy(growing_, at(from, blockBytes_), at(to, blockBytes_), blockBytes_);
  }
  Status clearFixed(int32_t slot) final { return clear(fixed_, at(slot, fixedBytes_), fixedBytes_); }
  Status copyFixed(int32_t from, int32_t to) final {
    return copy(fixed_, at(from, fixedBytes_), at(to, fixedBytes_), fixedBytes_);
  }
  Status readBlock(int32_t block, std::span<std::byte> out) final {
    return read(growing_, at(block, blockBytes_), out);
  }
  Status writeBlock(int32_t block, std::span<const std::byte> in) final {
    return write(growing_, at(block, blockBytes_), in);
  }
  Status readFixed(int32_t slot, std::span<std::byte> out) final {
    return read(fixed_, at(slot, fixedBytes_), out);
  }
  Status writeFixed(int32_t slot, std::span<const std::byte> in) final {
    return write(fixed_, at(slot, fixedBytes_), in);
  }

protected:
  enum class Pool { Growing, Fixed };
  DeviceStates(uint64_t blockBytes, uint64_t fixedBytes) : blockBytes_(blockBytes), fixedBytes_(fixedBytes) {}
  uint64_t blockBytes() const { return blockBytes_; }
  uint64_t fixedBytes() const { return fixedBytes_; }
  /// The largest part, or what of it the host moves at a time.
  uint64_t stageBytes() const;

  // Offsets and sizes in bytes of a pool. What the host reads and writes goes through a stage.
  virtual Status clear(Pool pool, uint64_t offset, uint64_t bytes) = 0;
  virtual Status copy(Pool pool, uint64_t from, uint64_t to, uint64_t bytes) = 0;
  virtual Status toStage(Pool pool, uint64_t offset, uint64_t bytes) = 0;
  virtual Status fromStage(Pool pool, uint64_t offset, uint64_t bytes) = 0;
  virtual std::span<std::byte> stage() = 0;

private:
  static constexpr Pool growing_ = Pool::Growing, fixed_ = Pool::Fixed;
  static uint64_t at(int32_t number, uint64_t bytes) { return static_cast<uint64_t>(number) * bytes; }
  Status read(Pool pool, uint64_t offset, std::span<std::byte> out);
  Status write(Pool pool, uint64_t offset, std::span<const std::byte> in);

  uint64_t blockBytes_, fixedBytes_;
};

} // namespace lathe::gpu

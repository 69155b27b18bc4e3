// States of sequences in the host's own memory.
#pragma once

#include "Runtime/Memory.h"
#include "Runtime/StateMemory.h"

namespace lathe {

class HostStates final : public StateMemory {
public:
  /// Room for `blocks` blocks and the fixed-size states of `slots` slots. Fails with OutOfMemory.
  static Result<HostStates> allocate(uint32_t blocks, uint64_t blockBytes, uint32_t slots,
                                     uint64_t fixedBytes);

  Status clearBlock(int32_t block) override;
  Status copyBlock(int32_t from, int32_t to) override;
  Status clearFixed(int32_t slot) override;
  Status copyFixed(int32_t from, int32_t to) override;
  Status readBlock(int32_t block, std::span<std::byte> out) override;
  Status writeBlock(int32_t block, std::span<const std::byte> in) override;
  Status readFixed(int32_t slot, std::span<std::byte> out) override;
  Status writeFixed(int32_t slot, std::span<const std::byte> in) override;

  /// What kernels add a state's offset to.
  std::byte *blocks() const { return blocks_.data(); }
  std::byte *fixed() const { return fixed_.data(); }

private:
  std::span<std::byte> blockAt(int32_t number) const {
    return {blocks_.data() + static_cast<size_t>(number) * blockBytes_, blockBytes_};
  }
  std::span<std::byte> fixedAt(int32_t slot) const {
    return {fixed_.data() + static_cast<size_t>(slot) * fixedBytes_, fixedBytes_};
  }

  Region blocks_, fixed_;
  uint64_t blockBytes_ = 0, fixedBytes_ = 0;
};

} // namespace lathe

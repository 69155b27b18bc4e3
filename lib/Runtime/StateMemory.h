// Where the states of sequences lie, seen from the block pool.
#pragma once

#include "Support/Status.h"

#include <cstddef>
#include <cstdint>
#include <span>

namespace lathe {

/// The bytes of sequence states: blocks of growing states and one vector of fixed-size states a slot, all
/// zero at first. Calls take effect in order, with each other and with Executor::run(). They allocate nothing
/// and fail where the device is lost only.
class StateMemory {
public:
  virtual ~StateMemory() = default;
  virtual Status clearBlock(int32_t block) = 0;
  virtual Status copyBlock(int32_t from, int32_t to) = 0;
  virtual Status clearFixed(int32_t slot) = 0;
  virtual Status copyFixed(int32_t from, int32_t to) = 0;

  /// Whole blocks and slots: the spans have Program.block_bytes and Program.fixed_bytes.
  virtual Status readBlock(int32_t block, std::span<std::byte> out) = 0;
  virtual Status writeBlock(int32_t block, std::span<const std::byte> in) = 0;
  virtual Status readFixed(int32_t slot, std::span<std::byte> out) = 0;
  virtual Status writeFixed(int32_t slot, std::span<const std::byte> in) = 0;
};

} // namespace lathe

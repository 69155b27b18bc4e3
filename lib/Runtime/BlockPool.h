// The state of sequences: growing states in a bounded pool of fixed blocks, fixed-size states per slot.
#pragma once

#include "Artifact/KernelABI.h"
#include "Runtime/StateMemory.h"
#include "Support/Status.h"

#include <cstddef>
#include <span>
#include <vector>

namespace lathe {

/// What a pool is made for. The memory is the caller's, of `blocks` blocks and `slots` slots.
struct PoolShape {
  uint32_t slots = 0;
  uint32_t context = 0;    ///< longest sequence, in positions
  uint32_t blocks = 0;     ///< of kBlockPositions positions each; 0 where nothing grows
  uint64_t blockBytes = 0; ///< 0 where nothing grows
  uint64_t fixedBytes = 0; ///< 0 where no state is of fixed size
};

/// Slots own blocks through block tables. A block may belong to several slots (after a fork); whoever writes
/// into a shared block gets a copy first. Only the constructor allocates. What touches the memory fails where
/// the device that has it is lost.
class BlockPool {
public:
  BlockPool(const PoolShape &shape, StateMemory &memory);

  /// A new empty slot, its fixed state zero. Fails with Full.
  Result<int32_t> create();
  void release(int32_t slot);
  /// A new slot with the same content: full blocks shared, the last one copied. Fails with Full.
  Result<int32_t> fork(int32_t source);
  /// Keeps the first `positions`. Fails with InvalidArgument beyond the end, and with Unsupported where
  /// fixed-size state would have to go back in time.
  Status truncate(int32_t slot, uint32_t positions);

  bool valid(int32_t slot) const {
    return slot >= 0 && static_cast<uint32_t>(slot) < shape_.slots && slots_[static_cast<size_t>(slot)].used;
  }
  uint32_t positions(int32_t slot) const { return slots_[static_cast<size_t>(slot)].positions; }
  const PoolShape &shape() const { return shape_; }
  uint32_t freeBlocks() const { return static_cast<uint32_t>(free_.size()); }

  /// Free blocks that `rows` more positions of `slot` would take, copies of shared blocks included.
  uint32_t blocksFor(int32_t slot, uint32_t rows) const;
  /// Gives `slot` its own blocks for `rows` more positions; the caller has made sure of blocksFor().
  Status reserve(int32_t slot, uint32_t rows);
  /// `rows` positions have been written.
  void commit(int32_t slot, uint32_t rows) { slots_[static_cast<size_t>(slot)].positions += rows; }
  /// Gives back what reserve() took beyond the slot's positions.
  void rollback(int32_t slot) { dropBlocks(slot, blocksOf(positions(slot))); }

  /// [slots][blocksPerSlot] block numbers; unused places hold 0.
  const int32_t *tables() const { return tables_.data(); }
  uint32_t blocksPerSlot() const { return blocksPerSlot_; }

  /// Save and restore: the number of bytes, the bytes, a new slot from them. `hash` names the artifact.
  uint64_t saveBytes(int32_t slot) const;
  Status save(int32_t slot, uint64_t hash, std::span<std::byte> out) const;
  Result<int32_t> restore(std::span<const std::byte> in, uint64_t hash);

private:
  struct Slot {
    bool used = false;
    uint32_t positions = 0;
    uint32_t blocks = 0; ///< entries of its table in use
  };
  uint32_t blocksOf(uint32_t positions) const {
    return shape_.blockBytes == 0 ? 0 : (positions + kBlockPositions - 1) / kBlockPositions;
  }
  int32_t *table(int32_t slot) { return tables_.data() + static_cast<size_t>(slot) * blocksPerSlot_; }
  const int32_t *table(int32_t slot) const {
    return tables_.data() + static_cast<size_t>(slot) * blocksPerSlot_;
  }
  int32_t takeBlock();
  void dropBlock(int32_t number);
  void dropBlocks(int32_t slot, uint32_t keep);
  Status clearFixed(int32_t slot) { return shape_.fixedBytes ? memory_->clearFixed(slot) : Status(); }
  Status ownLastBlock(int32_t slot);
  Status readStates(int32_t slot, std::span<std::byte> out) const;
  Status writeStates(int32_t slot, std::span<const std::byte> in);

  PoolShape shape_;
  StateMemory *memory_;
  uint32_t blocksPerSlot_;
  std::vector<Slot> slots_;
  std::vector<int32_t> tables_;
  std::vector<uint32_t> references_; ///< of each block
  std::vector<int32_t> free_;        ///< stack of free blocks
};

} // namespace lathe

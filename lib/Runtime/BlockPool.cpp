#include "Runtime/BlockPool.h"

#include <algorithm>
#include <string>

namespace lathe {

BlockPool::BlockPool(const PoolShape &shape, StateMemory &memory)
    : shape_(shape), memory_(&memory),
      blocksPerSlot_(
          static_cast<uint32_t>((uint64_t(shape.context) + kBlockPositions - 1) / kBlockPositions)),
      slots_(shape.slots), tables_(size_t(shape.slots) * blocksPerSlot_, 0), references_(shape.blocks, 0) {
  free_.reserve(shape.blocks);
  for (uint32_t i = shape.blocks; i > 0; --i) free_.push_back(static_cast<int32_t>(i - 1));
}

Result<int32_t> BlockPool::create() {
  auto found = std::find_if(slots_.begin(), slots_.end(), [](const Slot &slot) { return !slot.used; });
  if (found == slots_.end())
    return Status(Code::Full, "all " + std::to_string(shape_.slots) +
                                  " slots are taken: release one, or open the session with more slots");
  auto slot = static_cast<int32_t>(found - slots_.begin());
  if (Status status = clearFixed(slot); !status.ok()) return status;
  *found = Slot{true, 0, 0};
  return slot;
}

void BlockPool::release(int32_t slot) {
  if (!valid(slot)) return;
  dropBlocks(slot, 0);
  slots_[static_cast<size_t>(slot)] = Slot{};
}

Result<int32_t> BlockPool::fork(int32_t source) {
  uint32_t length = positions(source), full = length / kBlockPositions;
  bool partial = shape_.blockBytes != 0 && length % kBlockPositions != 0;
  if (partial && free_.empty())
    return Status(Code::Full, "the pool has no free block for the copy: release or truncate another slot");
  auto created = create();
  if (!created) return created;
  int32_t slot = *created;
  uint32_t shared = shape_.blockBytes == 0 ? 0 : full;
  for (uint32_t i = 0; i < shared; ++i) {
    table(slot)[i] = table(source)[i];
    ++references_[static_cast<size_t>(table(source)[i])];
  }
  if (partial) table(slot)[full] = takeBlock();
  slots_[static_cast<size_t>(slot)] = Slot{true, length, shared + (partial ? 1 : 0)};
  Status status = partial ? memory_->copyBlock(table(source)[full], table(slot)[full]) : Status();
  if (status.ok() && shape_.fixedBytes) status = memory_->copyFixed(source, slot);
  if (status.ok()) return slot;
  release(slot);
  return status;
}

Status BlockPool::truncate(int32_t slot, uint32_t positions) {
  uint32_t length = this->positions(slot);
  if (positions > length)
    return Status(Code::InvalidArgument, "the slot holds " + std::to_string(length) +
                                             " positions, it can't keep " + std::to_string(positions));
  if (positions == length) return {};
  if (shape_.fixedBytes != 0 && positions != 0)
    return Status(Code::Unsupported,
                  "this model has recurrent state, which can't go back: fork or save the slot where "
                  "you may want to return to");
  slots_[static_cast<size_t>(slot)].positions = positions;
  dropBlocks(slot, blocksOf(positions));
  return positions == 0 ? clearFixed(slot) : Status();
}

uint32_t BlockPool::blocksFor(int32_t slot, uint32_t rows) const {
  if (rows == 0 || shape_.blockBytes == 0) return 0;
  const Slot &state = slots_[static_cast<size_t>(slot)];
  uint32_t fresh = blocksOf(state.positions + rows) - state.blocks;
  bool partial = state.positions % kBlockPositions != 0;
  bool shared = partial && references_[static_cast<size_t>(table(slot)[state.blocks - 1])] > 1;
  return fresh + (shared ? 1 : 0);
}

/// A truncation may have left the end inside a block that a fork shares: writing there needs a copy.
Status BlockPool::ownLastBlock(int32_t slot) {
  uint32_t length = positions(slot);
  if (length % kBlockPositions == 0) return {};
  int32_t &last = table(slot)[length / kBlockPositions];
  if (references_[static_cast<size_t>(last)] == 1) return {};
  int32_t copy = takeBlock();
  Status status = memory_->copyBlock(last, copy);
  dropBlock(status.ok() ? last : copy);
  if (status.ok()) last = copy;
  return status;
}

Status BlockPool::reserve(int32_t slot, uint32_t rows) {
  if (rows == 0 || shape_.blockBytes == 0) return {};
  LATHE_TRY(ownLastBlock(slot));
  Slot &state = slots_[static_cast<size_t>(slot)];
  for (uint32_t wanted = blocksOf(state.positions + rows); state.blocks < wanted;) {
    int32_t number = takeBlock();
    table(slot)[state.blocks++] = number;
    // No sequence sees, or saves, what another one left behind.
    LATHE_TRY(memory_->clearBlock(number));
  }
  return {};
}

int32_t BlockPool::takeBlock() {
  assert(!free_.empty() && "the caller has made sure of free blocks");
  int32_t number = free_.back();
  free_.pop_back();
  references_[static_cast<size_t>(number)] = 1;
  return number;
}

void BlockPool::dropBlock(int32_t number) {
  if (--references_[static_cast<size_t>(number)] == 0) free_.push_back(number);
}

void BlockPool::dropBlocks(int32_t slot, uint32_t keep) {
  Slot &state = slots_[static_cast<size_t>(slot)];
  while (state.blocks > keep) {
    int32_t &number = table(slot)[--state.blocks];
    dropBlock(number);
    number = 0;
  }
}

} // namespace lathe

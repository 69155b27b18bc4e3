#include "Runtime/HostStates.h"

#include <cstring>

namespace lathe {

static Status clear(std::span<std::byte> bytes) {
  if (!bytes.empty()) std::memset(bytes.data(), 0, bytes.size());
  return {};
}

static Status copy(std::span<const std::byte> from, std::span<std::byte> to) {
  assert(from.size() == to.size() && "states are copied whole");
  if (!from.empty()) std::memcpy(to.data(), from.data(), from.size());
  return {};
}

Result<HostStates> HostStates::allocate(uint32_t blocks, uint64_t blockBytes, uint32_t slots,
                                        uint64_t fixedBytes) {
  HostStates states;
  auto pool = Region::allocate(blocks * blockBytes, "pool of growing states");
  if (!pool) return pool.status();
  auto fixed = Region::allocate(slots * fixedBytes, "fixed-size states");
  if (!fixed) return fixed.status();
  states.blocks_ = std::move(*pool);
  states.fixed_ = std::move(*fixed);
  states.blockBytes_ = blockBytes;
  states.fixedBytes_ = fixedBytes;
  return states;
}

Status HostStates::clearBlock(int32_t number) { return clear(blockAt(number)); }
Status HostStates::copyBlock(int32_t from, int32_t to) { return copy(blockAt(from), blockAt(to)); }
Status HostStates::clearFixed(int32_t slot) { return clear(fixedAt(slot)); }
Status HostStates::copyFixed(int32_t from, int32_t to) { return copy(fixedAt(from), fixedAt(to)); }
Status HostStates::readBlock(int32_t number, std::span<std::byte> out) { return copy(blockAt(number), out); }
Status HostStates::writeBlock(int32_t number, std::span<const std::byte> in) {
  return copy(in, blockAt(number));
}
Status HostStates::readFixed(int32_t slot, std::span<std::byte> out) { return copy(fixedAt(slot), out); }
Status HostStates::writeFixed(int32_t slot, std::span<const std::byte> in) { return copy(in, fixedAt(slot)); }

} // namespace lathe

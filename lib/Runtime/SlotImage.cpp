// A slot as bytes: a header, its blocks in order, its fixed-size state.
#include "Artifact/Hash.h"
#include "Runtime/BlockPool.h"

#include <cstring>

namespace lathe {

namespace {
constexpr char kSlotMagic[8] = {'L', 'A', 'T', 'H', 'S', 'L', 'O', 'T'};
constexpr uint32_t kSlotVersion = 1;

struct SlotHeader {
  char magic[8];
  uint32_t version;
  uint32_t positions;
  uint64_t artifact; ///< hash of the artifact and the layout whose state this is
  uint64_t blockBytes;
  uint64_t fixedBytes;
  uint64_t hash; ///< XXH3 of all of the above and of all that follows
};
static_assert(sizeof(SlotHeader) == 48);

uint64_t hashSlot(const SlotHeader &header, std::span<const std::byte> payload) {
  StreamingHash hash;
  hash.update(std::as_bytes(std::span(&header, 1)).first(offsetof(SlotHeader, hash)));
  hash.update(payload);
  return hash.value();
}
} // namespace

uint64_t BlockPool::saveBytes(int32_t slot) const {
  return sizeof(SlotHeader) + blocksOf(positions(slot)) * shape_.blockBytes + shape_.fixedBytes;
}

Status BlockPool::readStates(int32_t slot, std::span<std::byte> out) const {
  for (uint32_t i = 0; i < blocksOf(positions(slot)); ++i, out = out.subspan(shape_.blockBytes))
    LATHE_TRY(memory_->readBlock(table(slot)[i], out.first(shape_.blockBytes)));
  return shape_.fixedBytes ? memory_->readFixed(slot, out.first(shape_.fixedBytes)) : Status();
}

Status BlockPool::writeStates(int32_t slot, std::span<const std::byte> in) {
  for (uint32_t i = 0; i < blocksOf(positions(slot)); ++i, in = in.subspan(shape_.blockBytes))
    LATHE_TRY(memory_->writeBlock(table(slot)[i], in.first(shape_.blockBytes)));
  return shape_.fixedBytes ? memory_->writeFixed(slot, in.first(shape_.fixedBytes)) : Status();
}

Status BlockPool::save(int32_t slot, uint64_t hash, std::span<std::byte> out) const {
  SlotHeader header = {};
  std::memcpy(header.magic, kSlotMagic, sizeof kSlotMagic);
  header.version = kSlotVersion;
  header.positions = positions(slot);
  header.artifact = hash;
  header.blockBytes = shape_.blockBytes;
  header.fixedBytes = shape_.fixedBytes;
  auto payload = out.subspan(sizeof header, saveBytes(slot) - sizeof header);
  LATHE_TRY(readStates(slot, payload));
  header.hash = hashSlot(header, payload);
  std::memcpy(out.data(), &header, sizeof header);
  return {};
}

Result<int32_t> BlockPool::restore(std::span<const std::byte> in, uint64_t hash) {
  SlotHeader header;
  if (in.size() < sizeof header || std::memcmp(in.data(), kSlotMagic, sizeof kSlotMagic) != 0)
    return Status(Code::Corrupt, "these bytes are no saved slot");
  std::memcpy(&header, in.data(), sizeof header);
  if (header.version != kSlotVersion)
    return Status(Code::Unsupported, "the slot was saved by another version of Lathe");
  if (header.artifact != hash)
    return Status(Code::Unsupported, "the slot was saved with another artifact, or on a kind of device whose "
                                     "program lays states out differently");
  auto payload = in.subspan(sizeof header);
  if (header.blockBytes != shape_.blockBytes || header.fixedBytes != shape_.fixedBytes ||
      payload.size() != blocksOf(header.positions) * shape_.blockBytes + shape_.fixedBytes ||
      hashSlot(header, payload) != header.hash)
    return Status(Code::Corrupt, "the saved slot is cut short or damaged");
  if (header.positions > shape_.context)
    return Status(Code::Full, "the saved slot holds " + std::to_string(header.positions) +
                                  " positions, this session's context is " + std::to_string(shape_.context));
  if (blocksOf(header.positions) > free_.size())
    return Status(Code::Full, "the pool has too few free blocks for the saved slot");
  auto slot = create();
  if (!slot) return slot;
  Status status = reserve(*slot, header.positions);
  if (status.ok()) {
    commit(*slot, header.positions);
    status = writeStates(*slot, payload);
  }
  if (status.ok()) return slot;
  release(*slot);
  return status;
}

} // namespace lathe

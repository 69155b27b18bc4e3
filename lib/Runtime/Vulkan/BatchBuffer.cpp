#include "Runtime/Vulkan/BatchBuffer.h"

#include <cstring>

namespace lathe::vulkan {

BatchLayout::BatchLayout(const BatchCounts &bucket) {
  bytes = sizeof(KernelBatch);
  auto place = [&](uint64_t &offset, int64_t count, size_t size) {
    offset = alignUp(bytes, 16);
    bytes = offset + static_cast<uint64_t>(count) * size;
  };
  place(tokens, bucket.rows, sizeof(int32_t));
  place(positions, bucket.rows, sizeof(int32_t));
  place(slots, bucket.rows, sizeof(int32_t));
  place(outputRows, bucket.outputs, sizeof(int32_t));
  place(runs, bucket.segments, sizeof(KernelSegment));
  place(sequenceFirst, bucket.sequences + 1, sizeof(int32_t));
  place(sequenceSlots, bucket.sequences, sizeof(int32_t));
  bytes = alignUp(bytes, 16);
}

Result<BatchBuffer> BatchBuffer::create(Device &device, const fb::Program &program, const MemoryPlan &plan) {
  BatchBuffer batch;
  int64_t rows = program.max_rows();
  uint64_t bytes = BatchLayout({rows, rows, rows, rows}).bytes;
  uint64_t blocksPerSlot = (uint64_t(plan.context) + kBlockPositions - 1) / kBlockPositions;
  size_t entries = program.block_bytes() ? plan.slots * blocksPerSlot : 0;
  Status status;
  auto reserve = [&](Buffer &buffer, uint64_t size, Placement placement) {
    auto made =
        status.ok() ? Buffer::create(device, size, placement, "tables of a batch") : Result<Buffer>(status);
    status = made.status();
    if (made) buffer = std::move(*made);
  };
  reserve(batch.device_, bytes, Placement::Device);
  reserve(batch.upload_, bytes, Placement::Upload);
  reserve(batch.tables_, entries * sizeof(int32_t), Placement::Device);
  reserve(batch.tableUpload_, entries * sizeof(int32_t), Placement::Upload);
  if (!status.ok()) return status;
  batch.copied_.resize(entries, -1);
  auto commands = Commands::create(device);
  if (!commands) return commands.status();
  batch.tableCommands_ = std::move(*commands);
  if (status = batch.recordTables(); !status.ok()) return status;
  return batch;
}

Status BatchBuffer::recordTables() {
  LATHE_TRY(tableCommands_.begin());
  tableCommands_.copy(tableUpload_, 0, tables_, 0, tables_.bytes());
  return tableCommands_.end();
}

void BatchBuffer::fill(const KernelBatch &batch, const BatchLayout &layout) {
  std::byte *to = upload_.data();
  KernelBatch header = batch;
  auto write = [&](auto &pointer, uint64_t offset, int32_t count) {
    std::memcpy(to + offset, pointer, static_cast<size_t>(count) * sizeof *pointer);
    pointer = reinterpret_cast<std::remove_reference_t<decltype(pointer)>>(address() + offset);
  };
  write(header.tokens, layout.tokens, batch.rows);
  write(header.positions, layout.positions, batch.rows);
  write(header.slots, layout.slots, batch.rows);
  write(header.outputRows, layout.outputRows, batch.outputs);
  write(header.runs, layout.runs, batch.segments);
  write(header.sequenceFirst, layout.sequenceFirst, batch.sequences + 1);
  write(header.sequenceSlots, layout.sequenceSlots, batch.sequences);
  header.blockTables = reinterpret_cast<const int32_t *>(tables_.address());
  std::memcpy(to, &header, sizeof header);
  if (copied_.empty() || std::memcmp(copied_.data(), batch.blockTables, tables_.bytes()) == 0) return;
  std::memcpy(copied_.data(), batch.blockTables, tables_.bytes());
  std::memcpy(tableUpload_.data(), batch.blockTables, tables_.bytes());
  tablesChanged_ = true;
}

} // namespace lathe::vulkan

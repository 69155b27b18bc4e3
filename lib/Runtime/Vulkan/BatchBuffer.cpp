#include "Runtime/Vulkan/BatchBuffer.h"

#include <cstring>

namespace lathe::vulkan {

using namespace gpu;

Result<BatchBuffer> BatchBuffer::create(Device &device, const fb::Program &program, const MemoryPlan &plan) {
  BatchBuffer batch;
  uint64_t bytes = mostBatchBytes(program);
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
  reserve(batch.draws_, plan.drawBytes, Placement::Device);
  reserve(batch.drawUpload_, plan.drawBytes, Placement::Upload);
  if (!status.ok()) return status;
  batch.copied_.resize(entries, -1);
  for (Commands *made : {&batch.tableCommands_, &batch.drawCommands_}) {
    auto commands = Commands::create(device);
    if (!commands) return commands.status();
    *made = std::move(*commands);
  }
  if (status = batch.recordTables(); !status.ok()) return status;
  return batch;
}

Status BatchBuffer::recordTables() {
  LATHE_TRY(tableCommands_.begin());
  tableCommands_.copy(tableUpload_, 0, tables_, 0, tables_.bytes());
  return tableCommands_.end();
}

Status BatchBuffer::fill(const KernelBatch &batch, const BatchLayout &layout) {
  fillBatch(upload_.data(), batch, layout, {address(), tables_.address(), draws_.address()});
  fillTables(batch);
  hasDraws_ = batch.draws && draws_.bytes();
  if (!hasDraws_) return {};
  uint64_t bytes = fillDraws(drawUpload_.data(), batch, draws_.address());
  LATHE_TRY(drawCommands_.begin());
  drawCommands_.copy(drawUpload_, 0, draws_, 0, bytes);
  return drawCommands_.end();
}

void BatchBuffer::fillTables(const KernelBatch &batch) {
  if (copied_.empty() || std::memcmp(copied_.data(), batch.blockTables, tables_.bytes()) == 0) return;
  std::memcpy(copied_.data(), batch.blockTables, tables_.bytes());
  std::memcpy(tableUpload_.data(), batch.blockTables, tables_.bytes());
  tablesChanged_ = true;
}

std::span<const VkCommandBuffer> BatchBuffer::takeCopies() {
  size_t count = 0;
  if (std::exchange(tablesChanged_, false)) copies_[count++] = tableCommands_.handle();
  if (std::exchange(hasDraws_, false)) copies_[count++] = drawCommands_.handle();
  return {copies_, count};
}

} // namespace lathe::vulkan

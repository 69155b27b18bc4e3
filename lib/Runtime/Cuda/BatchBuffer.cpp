#include "Runtime/Cuda/BatchBuffer.h"

#include <cstring>

namespace lathe::cuda {

Result<BatchBuffer> BatchBuffer::create(Device &device, const fb::Program &program, const MemoryPlan &plan) {
  BatchBuffer batch;
  uint64_t bytes = gpu::mostBatchBytes(program);
  uint64_t blocksPerSlot = (uint64_t(plan.context) + kBlockPositions - 1) / kBlockPositions;
  uint64_t tableBytes = program.block_bytes() ? plan.slots * blocksPerSlot * sizeof(int32_t) : 0;
  Status status;
  auto take = [&](auto &buffer, uint64_t size) {
    if (!status.ok()) return;
    auto made = std::remove_reference_t<decltype(buffer)>::create(device, size, "tables of a batch");
    status = made.status();
    if (made) buffer = std::move(*made);
  };
  take(batch.device_, bytes);
  take(batch.upload_, bytes);
  take(batch.tables_, tableBytes);
  take(batch.tableUpload_, tableBytes);
  take(batch.draws_, plan.drawBytes);
  take(batch.drawUpload_, plan.drawBytes);
  if (!status.ok()) return status;
  // No number of a block is -1: the first tables are copied, whatever they are.
  if (tableBytes) std::memset(batch.tableUpload_.data(), 0xff, tableBytes);
  return batch;
}

Status BatchBuffer::fill(Device &device, const KernelBatch &batch, const gpu::BatchLayout &layout) {
  gpu::fillBatch(upload_.data(), batch, layout, {address(), tables_.address(), draws_.address()});
  if (batch.draws && draws_.bytes()) {
    uint64_t bytes = gpu::fillDraws(drawUpload_.data(), batch, draws_.address());
    LATHE_TRY(device.check(
        device.api().MemcpyHtoDAsync(draws_.address(), drawUpload_.data(), bytes, device.stream()),
        "copying draws"));
  }
  if (tables_.bytes() == 0 || std::memcmp(tableUpload_.data(), batch.blockTables, tables_.bytes()) == 0)
    return {};
  std::memcpy(tableUpload_.data(), batch.blockTables, tables_.bytes());
  return device.check(
      device.api().MemcpyHtoDAsync(tables_.address(), tableUpload_.data(), tables_.bytes(), device.stream()),
      "copying block tables");
}

Status BatchBuffer::copy(Device &device, const gpu::BatchLayout &layout) const {
  return device.check(device.api().MemcpyHtoDAsync(address(), upload_.data(), layout.bytes, device.stream()),
                      "copying a batch");
}

} // namespace lathe::cuda

#include "Runtime/Gpu/BatchLayout.h"

#include "Artifact/Format.h"

#include <cstring>

namespace lathe::gpu {

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

uint64_t mostBatchBytes(const fb::Program &program) {
  int64_t rows = program.max_rows();
  return BatchLayout({rows, rows, rows, rows}).bytes;
}

void fillBatch(std::byte *to, const KernelBatch &batch, const BatchLayout &layout, uint64_t address,
               uint64_t blockTables) {
  KernelBatch header = batch;
  auto write = [&](auto &pointer, uint64_t offset, int32_t count) {
    std::memcpy(to + offset, pointer, static_cast<size_t>(count) * sizeof *pointer);
    pointer = reinterpret_cast<std::remove_reference_t<decltype(pointer)>>(address + offset);
  };
  write(header.tokens, layout.tokens, batch.rows);
  write(header.positions, layout.positions, batch.rows);
  write(header.slots, layout.slots, batch.rows);
  write(header.outputRows, layout.outputRows, batch.outputs);
  write(header.runs, layout.runs, batch.segments);
  write(header.sequenceFirst, layout.sequenceFirst, batch.sequences + 1);
  write(header.sequenceSlots, layout.sequenceSlots, batch.sequences);
  header.blockTables = reinterpret_cast<const int32_t *>(blockTables);
  std::memcpy(to, &header, sizeof header);
}

} // namespace lathe::gpu

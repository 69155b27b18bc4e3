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

uint64_t fillDraws(std::byte *to, const KernelBatch &batch, uint64_t address) {
  auto outputs = static_cast<size_t>(batch.outputs);
  uint64_t end = outputs * sizeof(KernelDraw);
  auto write = [&](const uint32_t *&set, int32_t words) {
    if (words == 0) return;
    end = alignUp(end, 16);
    std::memcpy(to + end, set, static_cast<size_t>(words) * sizeof *set);
    set = reinterpret_cast<const uint32_t *>(address + end);
    end += static_cast<size_t>(words) * sizeof *set;
  };
  for (size_t i = 0; i < outputs; ++i) {
    KernelDraw draw = batch.draws[i];
    write(draw.penalized, draw.penalizedWords);
    write(draw.allowed, draw.allowedWords);
    std::memcpy(to + i * sizeof draw, &draw, sizeof draw);
  }
  return end;
}

void fillBatch(std::byte *to, const KernelBatch &batch, const BatchLayout &layout,
               const BatchAddresses &addresses) {
  KernelBatch header = batch;
  auto write = [&](auto &pointer, uint64_t offset, int32_t count) {
    std::memcpy(to + offset, pointer, static_cast<size_t>(count) * sizeof *pointer);
    pointer = reinterpret_cast<std::remove_reference_t<decltype(pointer)>>(addresses.batch + offset);
  };
  write(header.tokens, layout.tokens, batch.rows);
  write(header.positions, layout.positions, batch.rows);
  write(header.slots, layout.slots, batch.rows);
  write(header.outputRows, layout.outputRows, batch.outputs);
  write(header.runs, layout.runs, batch.segments);
  write(header.sequenceFirst, layout.sequenceFirst, batch.sequences + 1);
  write(header.sequenceSlots, layout.sequenceSlots, batch.sequences);
  header.blockTables = reinterpret_cast<const int32_t *>(addresses.blockTables);
  if (batch.draws) header.draws = reinterpret_cast<const KernelDraw *>(addresses.draws);
  std::memcpy(to, &header, sizeof header);
}

} // namespace lathe::gpu

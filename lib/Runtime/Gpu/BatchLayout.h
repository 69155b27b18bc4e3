// The tables of a call, as one piece of device memory.
#pragma once

#include "Runtime/WorkGrid.h"

#include <cstddef>

namespace lathe::gpu {

/// Where the arrays of a batch lie behind its KernelBatch, packed for a bucket of counts: one copy moves all.
struct BatchLayout {
  BatchLayout() = default;
  explicit BatchLayout(const BatchCounts &bucket);
  uint64_t tokens = 0, positions = 0, slots = 0, outputRows = 0, runs = 0, sequenceFirst = 0,
           sequenceSlots = 0;
  uint64_t bytes = 0;
};

/// Of the largest call that `program` takes.
uint64_t mostBatchBytes(const fb::Program &program);

/// Writes what `batch` has of each array to `to`, as kernels see it that find it at `address` and the block
/// tables at `blockTables`.
void fillBatch(std::byte *to, const KernelBatch &batch, const BatchLayout &layout, uint64_t address,
               uint64_t blockTables);

} // namespace lathe::gpu

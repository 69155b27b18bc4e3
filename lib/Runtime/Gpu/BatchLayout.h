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

/// Writes the draws of `batch`, at most MemoryPlan::drawBytes, as kernels see them that find them at
/// `address`. Returns how many bytes that are.
uint64_t fillDraws(std::byte *to, const KernelBatch &batch, uint64_t address);

/// Where what lies beside a batch's own tables is.
struct BatchAddresses {
  uint64_t batch, blockTables, draws;
};

/// Writes what `batch` has of each array to `to`, as kernels see it that find it and the rest at `addresses`.
void fillBatch(std::byte *to, const KernelBatch &batch, const BatchLayout &layout,
               const BatchAddresses &addresses);

} // namespace lathe::gpu

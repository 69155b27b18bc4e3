// How many work items a launch has, and which class of a kernel it takes.
#pragma once

#include "Artifact/Artifact_generated.h"
#include "Artifact/KernelABI.h"

#include <span>

namespace lathe {

/// What of a batch sizes its launches. For a recorded launch: the most that its bucket has.
struct BatchCounts {
  int64_t rows = 0, outputs = 0, segments = 0, sequences = 0;
};

inline BatchCounts countsOf(const KernelBatch &batch) {
  return {batch.rows, batch.outputs, batch.segments, batch.sequences};
}

/// The count that selects a kernel's class; a launch whose count is 0 is left out.
int64_t countOf(fb::RowDomain domain, const BatchCounts &counts);

/// The product of the factors.
int64_t workItems(std::span<const fb::GridFactor> grid, const BatchCounts &counts);
std::span<const fb::GridFactor> gridOf(const fb::KernelClass &kernelClass);
std::span<const fb::GridFactor> gridOf(const fb::KernelJoin &join);

/// The number of the first class of `kernel` that takes `count` rows of its domain.
uint32_t classFor(const fb::Kernel &kernel, int64_t count);

/// The most of each that a call can have whose batch selects class `index` of `kernel`.
BatchCounts mostCounts(const fb::Program &program, const fb::Kernel &kernel, uint32_t index, uint32_t slots);

} // namespace lathe

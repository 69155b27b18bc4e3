#include "Runtime/WorkGrid.h"

#include <algorithm>

namespace lathe {

int64_t countOf(fb::RowDomain domain, const BatchCounts &counts) {
  switch (domain) {
  case fb::RowDomain::Rows:
    return counts.rows;
  case fb::RowDomain::Outputs:
    return counts.outputs;
  case fb::RowDomain::Sequences:
    return counts.sequences;
  }
  return 0;
}

static int64_t factorCount(fb::GridKind kind, const BatchCounts &counts) {
  switch (kind) {
  case fb::GridKind::Constant:
    return 0;
  case fb::GridKind::Rows:
    return counts.rows;
  case fb::GridKind::Outputs:
    return counts.outputs;
  case fb::GridKind::Segments:
    return counts.segments;
  case fb::GridKind::Sequences:
    return counts.sequences;
  }
  return 0;
}

int64_t workItems(std::span<const fb::GridFactor> grid, const BatchCounts &counts) {
  int64_t items = 1;
  for (const fb::GridFactor &factor : grid) {
    int64_t value = factor.value();
    bool constant = factor.kind() == fb::GridKind::Constant;
    items *= constant ? value : (factorCount(factor.kind(), counts) + value - 1) / value;
  }
  return items;
}

static std::span<const fb::GridFactor> spanOf(const flatbuffers::Vector<const fb::GridFactor *> *grid) {
  if (!grid) return {};
  return {reinterpret_cast<const fb::GridFactor *>(grid->Data()), grid->size()};
}

std::span<const fb::GridFactor> gridOf(const fb::KernelClass &kernelClass) {
  return spanOf(kernelClass.grid());
}
std::span<const fb::GridFactor> gridOf(const fb::KernelJoin &join) { return spanOf(join.grid()); }

uint32_t classFor(const fb::Kernel &kernel, int64_t count) {
  uint32_t index = 0;
  while (kernel.classes()->Get(index)->max_rows() < count) ++index;
  return index;
}

BatchCounts mostCounts(const fb::Program &program, const fb::Kernel &kernel, uint32_t index, uint32_t slots) {
  auto within = [&](fb::RowDomain domain, int64_t limit) {
    int64_t most = kernel.classes()->Get(index)->max_rows();
    return kernel.domain() == domain ? std::min(limit, most) : limit;
  };
  BatchCounts most;
  most.rows = within(fb::RowDomain::Rows, program.max_rows());
  most.outputs = within(fb::RowDomain::Outputs, std::min<int64_t>(program.max_outputs(), most.rows));
  // Sequences of a batch are slots, but where whole sequences become vectors: there each row may be one.
  bool ofSlots = program.states()->size() != 0;
  for (const fb::Entry *entry : *program.entries())
    if (entry->result_domain() == fb::RowDomain::Sequences) ofSlots = false;
  int64_t sequences = ofSlots ? std::min<int64_t>(slots, most.rows) : most.rows;
  most.sequences = within(fb::RowDomain::Sequences, sequences);
  most.segments = std::min(most.rows, most.rows / kSegmentRows + most.sequences);
  return most;
}

} // namespace lathe

#include "Runtime/Gpu/Buckets.h"

#include <algorithm>

namespace lathe::gpu {

/// Powers of two and the classes' ends, up to `most`, which is the last.
static std::vector<int64_t> boundaries(const fb::Program &program, fb::RowDomain domain, int64_t most) {
  std::vector<int64_t> ends = {0, most};
  for (int64_t power = 1; power < most; power *= 2) ends.push_back(power);
  for (const fb::Kernel *kernel : *program.kernels())
    for (const fb::KernelClass *kernelClass : *kernel->classes())
      if (kernel->domain() == domain && kernelClass->max_rows() < most)
        ends.push_back(kernelClass->max_rows());
  std::sort(ends.begin(), ends.end());
  ends.erase(std::unique(ends.begin(), ends.end()), ends.end());
  return ends;
}

Buckets::Buckets(const fb::Program &program)
    : rows_(boundaries(program, fb::RowDomain::Rows, program.max_rows())),
      outputs_(boundaries(program, fb::RowDomain::Outputs, program.max_outputs())),
      sequences_(boundaries(program, fb::RowDomain::Sequences, program.max_rows())) {}

BatchCounts Buckets::covering(const BatchCounts &counts) const {
  auto cover = [](const std::vector<int64_t> &ends, int64_t count) {
    return *std::lower_bound(ends.begin(), ends.end(), count);
  };
  BatchCounts bucket;
  bucket.rows = cover(rows_, counts.rows);
  bucket.outputs = cover(outputs_, counts.outputs);
  bucket.sequences = cover(sequences_, counts.sequences);
  // No class depends on segments, and there are no more of them than rows.
  bucket.segments = cover(rows_, counts.segments);
  return bucket;
}

} // namespace lathe::gpu

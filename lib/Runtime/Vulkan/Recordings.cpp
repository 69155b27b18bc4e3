#include "Runtime/Vulkan/Recordings.h"

#include <algorithm>

namespace lathe::vulkan {

/// A call of more rows is cut into pieces of so many launches.
static constexpr int64_t kRowsInOnePiece = 16;
static constexpr size_t kLaunchesInPiece = 16;

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

static bool same(const BatchCounts &a, const BatchCounts &b) {
  return a.rows == b.rows && a.outputs == b.outputs && a.segments == b.segments && a.sequences == b.sequences;
}

Result<const Recording *> Recordings::get(uint32_t number, const RecordedEntry &entry,
                                          const BatchCounts &bucket) {
  ++uses_;
  for (auto &known : recordings_)
    if (known->entry == number && same(known->bucket, bucket)) {
      known->lastUse = uses_;
      return known.get();
    }
  if (recordings_.size() == kMost)
    recordings_.erase(std::min_element(recordings_.begin(), recordings_.end(),
                                       [](auto &a, auto &b) { return a->lastUse < b->lastUse; }));
  auto made = std::make_unique<Recording>();
  made->entry = number;
  made->bucket = bucket;
  made->layout = BatchLayout(bucket);
  made->lastUse = uses_;
  if (Status status = record(entry, *made); !status.ok()) return status;
  recordings_.push_back(std::move(made));
  return recordings_.back().get();
}

Status Recordings::nextPiece(Recording &recording) {
  if (!recording.pieces.empty()) LATHE_TRY(recording.pieces.back().end());
  auto commands = Commands::create(device_);
  if (!commands) return commands.status();
  recording.pieces.push_back(std::move(*commands));
  return recording.pieces.back().begin();
}

Status Recordings::record(const RecordedEntry &entry, Recording &recording) {
  LATHE_TRY(nextPiece(recording));
  batch_.recordCopy(recording.pieces.back(), recording.layout);
  recording.pieces.back().barrier();
  LATHE_TRY(recordLaunches(entry, recording));
  Commands &last = recording.pieces.back();
  auto rows = static_cast<uint64_t>(countOf(entry.domain, recording.bucket));
  last.copy(arena_, entry.resultOffset, readback_, 0, entry.resultBytes(rows));
  last.barrierToHost();
  return last.end();
}

Status Recordings::recordLaunches(const RecordedEntry &entry, Recording &recording) {
  const VkPhysicalDeviceLimits &limits = device_.physical().properties.limits;
  size_t inPiece = 0;
  for (size_t i = 0; i < entry.launches.size(); ++i) {
    if (recording.bucket.rows > kRowsInOnePiece && inPiece == kLaunchesInPiece) {
      LATHE_TRY(nextPiece(recording));
      inPiece = 0;
    }
    Commands &commands = recording.pieces.back();
    if (!entry.launches.record(i, recording.bucket, pipelines_, limits, commands)) continue;
    // A launch may read what any before it wrote; the arena's slices are used over and over.
    commands.barrier();
    ++inPiece;
  }
  return {};
}

} // namespace lathe::vulkan

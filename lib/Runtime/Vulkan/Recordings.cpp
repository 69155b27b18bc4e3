#include "Runtime/Vulkan/Recordings.h"

#include <algorithm>

namespace lathe::vulkan {

using namespace gpu;

/// A call of more rows is cut into pieces of so many launches.
static constexpr int64_t kRowsInOnePiece = 16;
static constexpr size_t kLaunchesInPiece = 16;

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
    auto launch = entry.launches.at(i, recording.bucket, limits.maxComputeWorkGroupCount[0]);
    if (!launch) continue;
    Commands &commands = recording.pieces.back();
    commands.dispatch(pipelines_.pipeline(launch->code), pipelines_.layout(), launch->addresses, launch->groupsX,
                      launch->groupsY);
    // A launch may read what any before it wrote; the arena's slices are used over and over.
    commands.barrier();
    ++inPiece;
  }
  return {};
}

} // namespace lathe::vulkan

#include "Runtime/Vulkan/Recordings.h"

namespace lathe::vulkan {

using namespace gpu;

Result<const Recording *> Recordings::get(uint32_t number, const RecordedEntry &entry,
                                          const BatchCounts &bucket) {
  return recordings_.get(number, bucket, [&](Recording &recording) { return record(entry, recording); });
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

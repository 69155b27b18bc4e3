#include "Runtime/Cuda/Graphs.h"

namespace lathe::cuda {

using namespace gpu;

Result<const Recording *> Graphs::get(uint32_t number, const RecordedEntry &entry,
                                      const BatchCounts &bucket) {
  return recordings_.get(number, bucket, [&](Recording &recording) { return capture(entry, recording); });
}

Status Graphs::begin() {
  CUresult result = device_.api().StreamBeginCapture(device_.stream(), CU_STREAM_CAPTURE_MODE_THREAD_LOCAL);
  LATHE_TRY(device_.check(result, "beginning a graph"));
  capturing_ = true;
  return {};
}

Status Graphs::end(Recording &recording) {
  const Api &api = device_.api();
  capturing_ = false;
  CUgraph captured = nullptr;
  LATHE_TRY(device_.check(api.StreamEndCapture(device_.stream(), &captured), "ending a graph"));
  Graph graph(device_, captured);
  CUgraphExec exec = nullptr;
  LATHE_TRY(device_.check(api.GraphInstantiate(&exec, captured, 0), "making a graph"));
  recording.pieces.emplace_back(device_, exec);
  return {};
}

Status Graphs::launch(const LaunchShape &shape) {
  std::vector<void *> arguments;
  for (const uint64_t &address : shape.addresses) arguments.push_back(const_cast<uint64_t *>(&address));
  CUresult result =
      device_.api().LaunchKernel(kernels_.function(shape.code), shape.groupsX, shape.groupsY, 1,
                                 shape.threads, 1, 1, 0, device_.stream(), arguments.data(), nullptr);
  return device_.check(result, "recording a launch");
}

Status Graphs::record(const RecordedEntry &entry, Recording &recording) {
  LATHE_TRY(begin());
  LATHE_TRY(batch_.copy(device_, recording.layout));
  size_t inPiece = 0;
  for (size_t i = 0; i < entry.launches.size(); ++i) {
    auto shape = entry.launches.at(i, recording.bucket, device_.physical().mostGroupsX);
    if (!shape) continue;
    if (recording.bucket.rows > kRowsInOnePiece && inPiece == kLaunchesInPiece) {
      LATHE_TRY(end(recording));
      LATHE_TRY(begin());
      inPiece = 0;
    }
    LATHE_TRY(launch(*shape));
    ++inPiece;
  }
  auto rows = static_cast<uint64_t>(countOf(entry.domain, recording.bucket));
  if (uint64_t bytes = entry.resultBytes(rows)) {
    CUresult result = device_.api().MemcpyDtoHAsync(readback_.data(), arena_.address() + entry.resultOffset,
                                                    bytes, device_.stream());
    LATHE_TRY(device_.check(result, "recording a copy"));
  }
  return end(recording);
}

Status Graphs::capture(const RecordedEntry &entry, Recording &recording) {
  Status status = record(entry, recording);
  if (!capturing_) return status;
  // What failed has left the stream recording.
  capturing_ = false;
  CUgraph captured = nullptr;
  if (device_.api().StreamEndCapture(device_.stream(), &captured) == CUDA_SUCCESS)
    Graph dropped(device_, captured);
  return status;
}

} // namespace lathe::cuda

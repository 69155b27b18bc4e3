#include "Runtime/Cuda/Weights.h"

#include <cstring>

namespace lathe::cuda {

using namespace gpu;

/// A device that is nearly full still has room for pieces.
static constexpr uint64_t kBufferBytes = uint64_t(1) << 30;
/// Progress is told after each such piece of a weight.
static constexpr uint64_t kPieceBytes = 16 << 20;

namespace {

struct Stage {
  HostBuffer buffer;
  Event copied;
  bool busy = false;
};

/// Bytes of the host into device memory.
class Uploader {
public:
  explicit Uploader(Device &device) : device_(device) {}
  Status make();
  Status write(CUdeviceptr to, std::span<const std::byte> bytes);
  Status finish();

private:
  Status wait(Stage &stage);
  Device &device_;
  Stage stages_[2];
  size_t next_ = 0;
};

} // namespace

Status Uploader::make() {
  for (Stage &stage : stages_) {
    auto buffer = HostBuffer::create(device_, kPieceBytes, "staging buffer");
    if (!buffer) return buffer.status();
    auto event = makeEvent(device_);
    if (!event) return event.status();
    stage = {std::move(*buffer), std::move(*event)};
  }
  return {};
}

Status Uploader::wait(Stage &stage) {
  if (!std::exchange(stage.busy, false)) return {};
  return device_.wait(stage.copied.get());
}

Status Uploader::write(CUdeviceptr to, std::span<const std::byte> bytes) {
  const Api &api = device_.api();
  Stage &stage = stages_[next_];
  next_ = 1 - next_;
  LATHE_TRY(wait(stage));
  std::memcpy(stage.buffer.data(), bytes.data(), bytes.size());
  LATHE_TRY(device_.check(api.MemcpyHtoDAsync(to, stage.buffer.data(), bytes.size(), device_.stream()),
                          "copying weights"));
  stage.busy = true;
  return device_.check(api.EventRecord(stage.copied.get(), device_.stream()), "copying weights");
}

Status Uploader::finish() {
  for (Stage &stage : stages_) LATHE_TRY(wait(stage));
  return {};
}

Status Weights::reserve(Device &device) {
  for (uint64_t bytes : layout_.buffers) {
    auto buffer = Buffer::create(device, bytes, "weights");
    if (!buffer) return buffer.status();
    buffers_.push_back(std::move(*buffer));
  }
  return {};
}

Result<Weights> Weights::upload(Device &device, const Artifact &artifact, const fb::Program &program,
                                const Progress &progress) {
  std::vector<WeightExtent> extents = weightExtents(artifact, program);
  std::vector<uint32_t> order = fileOrder(artifact, extents);
  Weights weights(WeightLayout(extents, order, kBufferBytes));
  if (Status status = weights.reserve(device); !status.ok()) return status;
  Uploader uploader(device);
  if (Status status = uploader.make(); !status.ok()) return status;
  Status status =
      streamWeights(artifact, weights.layout_, order, kPieceBytes, progress,
                    [&](const WeightPlace &place, std::span<const std::byte> bytes) {
                      return uploader.write(weights.buffers_[place.buffer].address() + place.offset, bytes);
                    });
  // What is under way reads the stages.
  Status finished = uploader.finish();
  if (!status.ok()) return status;
  if (!finished.ok()) return finished;
  return weights;
}

} // namespace lathe::cuda

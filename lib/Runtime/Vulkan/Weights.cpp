#include "Runtime/Vulkan/Weights.h"

#include "Runtime/Vulkan/Uploader.h"

#include <algorithm>

namespace lathe::vulkan {

using namespace gpu;

/// Smaller than what drivers give in one piece: a heap that is nearly full still has room for pieces.
static constexpr uint64_t kBufferBytes = uint64_t(512) << 20;
/// Progress is told after each such piece of a weight.
static constexpr uint64_t kPieceBytes = 16 << 20;

Status Weights::reserve(Device &device) {
  for (uint64_t bytes : layout_.buffers) {
    auto buffer = Buffer::create(device, bytes, Placement::Device, "weights");
    if (!buffer) return buffer.status();
    buffers_.push_back(std::move(*buffer));
  }
  return {};
}

Status Weights::copy(Device &device, const Artifact &artifact, std::span<const uint32_t> order,
                     const Progress &progress) {
  auto uploader = Uploader::create(device, kPieceBytes);
  if (!uploader) return uploader.status();
  LATHE_TRY(streamWeights(artifact, layout_, order, kPieceBytes, progress,
                          [&](const WeightPlace &place, std::span<const std::byte> bytes) {
                            return uploader->write(buffers_[place.buffer], place.offset, bytes);
                          }));
  return uploader->finish();
}

Result<Weights> Weights::upload(Device &device, const Artifact &artifact, const fb::Program &program,
                                const Progress &progress) {
  std::vector<WeightExtent> extents = weightExtents(artifact, program);
  std::vector<uint32_t> order = fileOrder(artifact, extents);
  Weights weights(WeightLayout(extents, order, std::min(kBufferBytes, largestBuffer(device))));
  if (Status status = weights.reserve(device); !status.ok()) return status;
  if (Status status = weights.copy(device, artifact, order, progress); !status.ok()) return status;
  return weights;
}

} // namespace lathe::vulkan

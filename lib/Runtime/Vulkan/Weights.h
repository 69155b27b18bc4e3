// A program's weights in device memory.
#pragma once

#include "Runtime/Gpu/WeightLayout.h"
#include "Runtime/Vulkan/Commands.h"

namespace lathe::vulkan {

/// The weights that some entry of a program reads, as the artifact stores them.
class Weights {
public:
  /// Reads them from the file piece by piece. Fails with OutOfMemory, or Cancelled where `progress` (may be
  /// empty) stops.
  static Result<Weights> upload(Device &device, const Artifact &artifact, const fb::Program &program,
                                const gpu::Progress &progress);

  /// A multiple of gpu::kWeightStart. Only for weights that the program reads.
  VkDeviceAddress address(uint64_t weight) const {
    const gpu::WeightPlace &place = layout_.places[weight];
    return buffers_[place.buffer].address() + place.offset;
  }

private:
  explicit Weights(gpu::WeightLayout layout) : layout_(std::move(layout)) {}
  Status reserve(Device &device);
  Status copy(Device &device, const Artifact &artifact, std::span<const uint32_t> order,
              const gpu::Progress &progress);

  gpu::WeightLayout layout_;
  std::vector<Buffer> buffers_;
};

} // namespace lathe::vulkan

// A program's weights in device memory.
#pragma once

#include "Artifact/Artifact.h"
#include "Runtime/Vulkan/Commands.h"

#include <functional>

namespace lathe::vulkan {

/// Where a weight goes: into which buffer, and how far from its start.
struct WeightPlace {
  uint32_t buffer;
  uint64_t offset;
};

/// How much of a weight there is, and how far kernels may read from its start (fb::Weight::reach).
struct WeightExtent {
  uint64_t bytes = 0; ///< 0: the program does not read it
  uint64_t reach = 0; ///< 0: no further than `bytes`
};

/// Places for weights in the order of `order`, each whole and at a multiple of kBufferStart; what reaches
/// further than its bytes reaches into those behind it, or into room at the buffer's end. No buffer is larger
/// than `largest`, save for one weight that is.
struct WeightLayout {
  WeightLayout(std::span<const WeightExtent> weights, std::span<const uint32_t> order, uint64_t largest);
  std::vector<WeightPlace> places; ///< by the weight's number
  std::vector<uint64_t> buffers;   ///< their sizes
};

/// Told bytes done and bytes in all; false stops.
using Progress = std::function<bool(uint64_t, uint64_t)>;

/// The weights that some entry of a program reads, as the artifact stores them.
class Weights {
public:
  /// Reads them from the file piece by piece. Fails with OutOfMemory, or Cancelled where `progress` (may be
  /// empty) stops.
  static Result<Weights> upload(Device &device, const Artifact &artifact, const fb::Program &program,
                                const Progress &progress);

  /// A multiple of kBufferStart. Only for weights that the program reads.
  VkDeviceAddress address(uint64_t weight) const {
    const WeightPlace &place = layout_.places[weight];
    return buffers_[place.buffer].address() + place.offset;
  }

private:
  explicit Weights(WeightLayout layout) : layout_(std::move(layout)) {}
  Status reserve(Device &device);
  Status copy(Device &device, const Artifact &artifact, std::span<const uint32_t> order,
              const Progress &progress);

  WeightLayout layout_;
  std::vector<Buffer> buffers_;
};

} // namespace lathe::vulkan

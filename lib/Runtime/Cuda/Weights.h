// A program's weights in device memory.
#pragma once

#include "Runtime/Cuda/Buffer.h"
#include "Runtime/Gpu/WeightLayout.h"

namespace lathe::cuda {

/// The weights that some entry of a program reads, as the artifact stores them.
class Weights {
public:
  /// Reads them from the file piece by piece, through two pinned buffers: one is filled while the other is
  /// copied. Fails with OutOfMemory, or Cancelled where `progress` (may be empty) stops.
  static Result<Weights> upload(Device &device, const Artifact &artifact, const fb::Program &program,
                                const gpu::Progress &progress);

  /// A multiple of gpu::kWeightStart. Only for weights that the program reads.
  CUdeviceptr address(uint64_t weight) const {
    const gpu::WeightPlace &place = layout_.places[weight];
    return buffers_[place.buffer].address() + place.offset;
  }

private:
  explicit Weights(gpu::WeightLayout layout) : layout_(std::move(layout)) {}
  Status reserve(Device &device);

  gpu::WeightLayout layout_;
  std::vector<Buffer> buffers_;
};

} // namespace lathe::cuda

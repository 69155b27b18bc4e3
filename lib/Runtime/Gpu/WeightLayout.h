// Where a program's weights go in device memory.
#pragma once

#include "Artifact/Artifact.h"

#include <functional>
#include <span>
#include <vector>

namespace lathe::gpu {

/// Where every weight starts: what devices read at once, and more than packed weights ask for.
inline constexpr uint64_t kWeightStart = 256;

/// Into which buffer, and how far from its start.
struct WeightPlace {
  uint32_t buffer;
  uint64_t offset;
};

/// How much of a weight there is, and how far kernels may read from its start (fb::Weight::reach).
struct WeightExtent {
  uint64_t bytes = 0; ///< 0: the program does not read it
  uint64_t reach = 0; ///< 0: no further than `bytes`
};

/// Places for weights in the order of `order`, each whole and at a multiple of kWeightStart; what reaches
/// further than its bytes reaches into those behind it, or into room at the buffer's end. No buffer is larger
/// than `largest`, save for one weight that is.
struct WeightLayout {
  WeightLayout(std::span<const WeightExtent> weights, std::span<const uint32_t> order, uint64_t largest);
  std::vector<WeightPlace> places; ///< by the weight's number
  std::vector<uint64_t> buffers;   ///< their sizes
};

/// By the weight's number, of those that `program` reads; others are another program's.
std::vector<WeightExtent> weightExtents(const Artifact &artifact, const fb::Program &program);
/// The numbers of those that are read, as they lie in the file, which is read from front to back.
std::vector<uint32_t> fileOrder(const Artifact &artifact, std::span<const WeightExtent> extents);

/// Told bytes done and bytes in all; false stops.
using Progress = std::function<bool(uint64_t, uint64_t)>;
/// Where a piece of a weight goes, `place.offset` being the piece's own, and its bytes.
using WritePiece = std::function<Status(const WeightPlace &place, std::span<const std::byte> bytes)>;

/// Hands out the weights in `order` in pieces of at most `pieceBytes`. Fails with Cancelled where `progress`
/// (may be empty) stops it, and as `write` does.
Status streamWeights(const Artifact &artifact, const WeightLayout &layout, std::span<const uint32_t> order,
                     uint64_t pieceBytes, const Progress &progress, const WritePiece &write);

} // namespace lathe::gpu

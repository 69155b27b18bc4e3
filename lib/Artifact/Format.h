// What a .lathe file starts with, and the rules of its layout that writer and reader share.
#pragma once

#include <cstddef>
#include <cstdint>

namespace lathe {

inline constexpr char kMagic[8] = {'L', 'A', 'T', 'H', 'E', '\0', '\r', '\n'};
/// Raised by every change that an older reader would misread.
inline constexpr uint32_t kFormatVersion = 1;

/// Sections start at multiples of this, so that they can be mapped by themselves (code: executable).
inline constexpr uint64_t kSectionAlignment = 4096;
/// Weights start at multiples of this inside the weight section: a cache line, and the widest vector.
inline constexpr uint64_t kWeightAlignment = 64;
/// Alignment of arena buffers that are results, and of states inside a block or a slot.
inline constexpr uint64_t kBufferAlignment = 64;

/// The first bytes of the file. Everything else is found through it.
struct Preamble {
  char magic[8];
  uint32_t version;
  uint32_t preambleBytes; ///< sizeof(Preamble)
  uint64_t fileBytes;     ///< a shorter file is cut short, and says so before anything is read
  uint64_t headerOffset;  ///< multiple of kSectionAlignment
  uint64_t headerBytes;
  uint64_t headerHash;  ///< XXH3 of the header
  uint64_t reserved[2]; ///< zero
};
static_assert(sizeof(Preamble) == 64);

/// `value` rounded up to a multiple of `alignment`, a power of two.
constexpr uint64_t alignUp(uint64_t value, uint64_t alignment) {
  return (value + alignment - 1) & ~(alignment - 1);
}

/// Bounds on counts and sizes: far above what a model needs, low enough that sums and products stay in 64
/// bits and that a hostile header can't ask for work without end.
namespace limits {
inline constexpr uint64_t kHeaderBytes = uint64_t(1) << 30;
inline constexpr uint32_t kVocabulary = 1u << 24;
inline constexpr uint32_t kContext = 1u << 24;
inline constexpr uint32_t kRows = 1u << 16;
inline constexpr uint32_t kWeights = 1u << 20;
inline constexpr uint32_t kPrograms = 16;
inline constexpr uint32_t kKernels = 1u << 16;
inline constexpr uint32_t kClasses = 16;
inline constexpr uint32_t kGridFactors = 4;
inline constexpr uint32_t kBindings = 256;
inline constexpr uint32_t kStates = 1u << 16;
inline constexpr uint32_t kEntries = 16;
inline constexpr uint32_t kDispatches = 1u << 20;
inline constexpr uint32_t kVariants = 32;
inline constexpr uint32_t kFeatures = 64;
inline constexpr uint64_t kArenaBytes = uint64_t(1) << 40;
inline constexpr uint64_t kBlockBytes = uint64_t(1) << 36;
inline constexpr uint64_t kScratchBytes = uint64_t(1) << 30;
inline constexpr uint64_t kWorkItems = uint64_t(1) << 40;
inline constexpr uint64_t kDimension = uint64_t(1) << 40;
} // namespace limits

} // namespace lathe

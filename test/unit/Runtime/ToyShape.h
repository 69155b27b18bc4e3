// Sizes of the toy model, for its kernels and its tests.
#pragma once

#include <cstdint>

namespace lathe::toy {

inline constexpr int64_t kVocabulary = 17;
inline constexpr int64_t kDim = 8;
inline constexpr int64_t kMaxRows = 96; ///< more than a segment
inline constexpr int64_t kMaxOutputs = 5;
inline constexpr int64_t kContext = 1000;
enum KernelIndex { Gather, Append, Attend, Recur, Head, Pool, Copy, Top, Kernels };
/// Candidates that `Top` finds: few, so that draws ask for rows.
inline constexpr int64_t kTop = 4;

} // namespace lathe::toy

// What this machine can do at most, measured in the same run as the kernels: every speed is quoted as a share
// of it.
#pragma once

#include <cstddef>
#include <functional>

namespace lathe::bench {

/// Seconds of the slowest of `threads` threads, by its CPU time, so that a busy machine disturbs little; the
/// best of `repeats`.
double seconds(unsigned threads, unsigned repeats, const std::function<void(unsigned thread)> &work);

/// 2 MiB pages where the kernel gives them, each byte 0x35.
char *hugeBytes(size_t bytes);

/// Bytes a second that all threads read together, the better of with and without software prefetch.
double readBandwidth(unsigned threads);
/// Operations a second (a multiplication and an addition are two) of byte products: vpdpbusd on 512 bits, or
/// AVX2's vpmaddubsw with an addition.
double byteOperations(unsigned threads, bool wide);
/// The same for f32 fused multiply-adds, on 512 or 256 bits.
double floatOperations(unsigned threads, bool wide);

} // namespace lathe::bench

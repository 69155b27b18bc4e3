// Random numbers that are the same everywhere.
#pragma once

#include <cstdint>

namespace lathe {

/// xoshiro256** 1.0 (Blackman and Vigna, 2018; public domain), its state filled by splitmix64 from one seed.
class Random {
public:
  explicit Random(uint64_t seed) {
    for (uint64_t &word : state_) {
      uint64_t z = (seed += 0x9e3779b97f4a7c15);
      z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
      z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
      word = z ^ (z >> 31);
    }
  }
  uint64_t next() {
    auto rotateLeft = [](uint64_t x, int k) { return x << k | x >> (64 - k); };
    uint64_t result = rotateLeft(state_[1] * 5, 7) * 9, t = state_[1] << 17;
    state_[2] ^= state_[0];
    state_[3] ^= state_[1];
    state_[1] ^= state_[2];
    state_[0] ^= state_[3];
    state_[2] ^= t;
    state_[3] = rotateLeft(state_[3], 45);
    return result;
  }
  /// In [0, 1), 53 bits.
  double uniform() { return static_cast<double>(next() >> 11) * 0x1.0p-53; }

private:
  uint64_t state_[4];
};

} // namespace lathe

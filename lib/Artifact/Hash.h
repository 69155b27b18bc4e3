// XXH3, the one hash of the format.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace lathe {

uint64_t hashBytes(std::span<const std::byte> bytes);

/// The same hash over bytes that come in pieces.
class StreamingHash {
public:
  StreamingHash();
  ~StreamingHash();
  StreamingHash(const StreamingHash &) = delete;
  StreamingHash &operator=(const StreamingHash &) = delete;
  void update(std::span<const std::byte> bytes);
  uint64_t value() const;

private:
  void *state_;
};

} // namespace lathe

// Where the session's memory comes from, and how much there is.
#pragma once

#include "Support/Status.h"

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>

namespace lathe {

/// Zeroed private pages, taken when first touched.
class Region {
public:
  Region() = default;
  /// Fails with OutOfMemory. Zero bytes give an empty region.
  static Result<Region> allocate(uint64_t bytes, const char *what);
  Region(Region &&other) noexcept
      : data_(std::exchange(other.data_, nullptr)), bytes_(std::exchange(other.bytes_, 0)) {}
  Region &operator=(Region &&other) noexcept {
    std::swap(data_, other.data_);
    std::swap(bytes_, other.bytes_);
    return *this;
  }
  ~Region();
  std::byte *data() const { return data_; }
  uint64_t bytes() const { return bytes_; }

private:
  std::byte *data_ = nullptr;
  uint64_t bytes_ = 0;
};

/// In bytes, the least of what the machine and every enclosing cgroup say.
struct MachineMemory {
  uint64_t available; ///< can be taken without swapping; page cache counts as free
  uint64_t total;
};
MachineMemory machineMemory();

/// "1.5 GiB".
std::string formatBytes(uint64_t bytes);

} // namespace lathe

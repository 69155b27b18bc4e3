// A whole file mapped read-only: weights are used in place, never copied.
#pragma once

#include "Support/Status.h"

#include <cstddef>
#include <cstdint>
#include <span>

namespace lathe {

class MappedFile {
public:
  /// Maps `path`. An empty file maps to an empty span. Fails with NotFound or Io.
  static Result<MappedFile> open(const std::string &path);

  MappedFile(MappedFile &&other) noexcept;
  MappedFile &operator=(MappedFile &&other) noexcept;
  MappedFile(const MappedFile &) = delete;
  MappedFile &operator=(const MappedFile &) = delete;
  ~MappedFile();

  std::span<const std::byte> bytes() const { return {data_, size_}; }
  /// Wishes for large pages where the file is read again and again: what is not in the page cache yet is read into
  /// such, if the file system has them.
  void preferLargePages() const;
  /// The file's descriptor, for mapping a part of it another way (code is mapped executable). Owned by this object.
  int descriptor() const { return descriptor_; }

private:
  MappedFile() = default;
  void close();
  const std::byte *data_ = nullptr;
  size_t size_ = 0;
  int descriptor_ = -1;
};

/// Whether [offset, offset + bytes) lies within `size`, with no overflow on the way.
constexpr bool fits(uint64_t offset, uint64_t bytes, uint64_t size) { return offset <= size && bytes <= size - offset; }

} // namespace lathe

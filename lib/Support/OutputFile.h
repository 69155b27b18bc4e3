// A file that appears whole or not at all: written beside its destination, renamed when complete.
#pragma once

#include "Support/Status.h"

#include <cstdint>
#include <span>
#include <cstddef>

namespace lathe {

class OutputFile {
public:
  /// Creates "<path>.<pid>.partial" next to `path`.
  static Result<OutputFile> create(const std::string &path);

  OutputFile(OutputFile &&other) noexcept;
  OutputFile &operator=(OutputFile &&) = delete;
  /// Removes the partial file unless commit() succeeded.
  ~OutputFile();

  /// Writes `bytes` at `offset`; threads may write disjoint ranges at once.
  Status writeAt(uint64_t offset, std::span<const std::byte> bytes);
  /// Reads back what was written, for hashing it. Fails with Io where the file ends before.
  Status readAt(uint64_t offset, std::span<std::byte> bytes) const;
  /// Fixes the length; what was never written reads as zeros.
  Status resize(uint64_t bytes);
  /// Syncs the content and renames it to its destination.
  Status commit();

private:
  OutputFile() = default;
  std::string path_, partial_;
  int descriptor_ = -1;
};

} // namespace lathe

// A file that appears whole or not at all: it has no name until it is complete, so that not even a killed
// process leaves a part of it. File systems without such files get a named one beside the destination.
#pragma once

#include "Support/Status.h"

#include <cstddef>
#include <cstdint>
#include <span>

namespace lathe {

class OutputFile {
public:
  enum class Kind { Nameless, Named };
  /// Begins a file in the folder of `path`. A Named one, which is also what a Nameless one becomes where the
  /// file system has none, is called "<path>.<pid>.partial" meanwhile.
  static Result<OutputFile> create(const std::string &path, Kind kind = Kind::Nameless);

  OutputFile(OutputFile &&other) noexcept;
  OutputFile &operator=(OutputFile &&) = delete;
  /// Removes what was written unless commit() succeeded.
  ~OutputFile();

  /// Writes `bytes` at `offset`; threads may write disjoint ranges at once.
  Status writeAt(uint64_t offset, std::span<const std::byte> bytes);
  /// Reads back what was written, for hashing it. Fails with Io where the file ends before.
  Status readAt(uint64_t offset, std::span<std::byte> bytes) const;
  /// Fixes the length; what was never written reads as zeros.
  Status resize(uint64_t bytes);
  /// Syncs the content and gives it the name of its destination.
  Status commit();

private:
  OutputFile() = default;
  Status giveName();
  Status failure() const;

  std::string path_, partial_;
  bool named_ = false; ///< partial_ exists
  int descriptor_ = -1;
};

} // namespace lathe

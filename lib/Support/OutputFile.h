// A file that appears whole or not at all: it has no name until it is complete, so that not even a killed
// process leaves a part of it. File systems without such files get a named one beside the destination.
#pragma once

#include "Support/Status.h"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <span>
#include <vector>

namespace lathe {

class OutputFile {
public:
  enum class Kind { Nameless, Named };
  /// Begins a file in the folder of `path`, where it replaces a file that is there, but nothing else. A Named
  /// one, which is also what a Nameless one becomes where the file system has none, is called
  /// "<path>.<pid>.partial" meanwhile.
  static Result<OutputFile> create(const std::string &path, Kind kind = Kind::Nameless);

  OutputFile(OutputFile &&other) noexcept;
  OutputFile &operator=(OutputFile &&) = delete;
  /// Removes what was written unless commit() succeeded.
  ~OutputFile();

  /// Writes `bytes` at `offset`; threads may write disjoint ranges at once.
  Status writeAt(uint64_t offset, std::span<const std::byte> bytes);
  /// Reads back what was written, for hashing it. Fails with Io where the file ends before.
  Status readAt(uint64_t offset, std::span<std::byte> bytes) const;
  /// Fixes the length of a file of which nothing is written yet. Up to there the page cache gets large pages,
  /// whatever the sizes of the pieces that are written: who maps the file soon after reads them with far fewer
  /// misses of the TLB.
  Status reserve(uint64_t bytes);
  /// Fixes the length; what was never written reads as zeros.
  Status resize(uint64_t bytes);
  /// Syncs the content and gives it the name of its destination.
  Status commit();

private:
  OutputFile() = default;
  /// Large pages that were begun. Apart, since a mutex does not move.
  struct LargePages {
    std::mutex mutex;
    std::vector<bool> begun;
  };
  Status beginPages(uint64_t offset, uint64_t bytes);
  Status writePlainly(uint64_t offset, std::span<const std::byte> bytes);
  Status giveName();
  Status failure() const;

  std::string path_, partial_;
  bool named_ = false; ///< partial_ exists
  int descriptor_ = -1;
  uint64_t reserved_ = 0;
  std::unique_ptr<LargePages> pages_ = std::make_unique<LargePages>();
};

} // namespace lathe

// Recorded launches, the ones that were used last.
#pragma once

#include "Runtime/Gpu/BatchLayout.h"
#include "Runtime/Gpu/Buckets.h"
#include "Runtime/Gpu/Launches.h"

#include <algorithm>
#include <memory>

namespace lathe::gpu {

/// An entry's launches for one bucket, in pieces of the driver's own kind. A long call is cut into several,
/// between which it can be stopped, and none of which runs so long that a display's watchdog bites.
template <typename Piece> struct Recording {
  uint32_t entry = 0;
  BatchCounts bucket;
  BatchLayout layout;
  std::vector<Piece> pieces;
  uint64_t lastUse = 0;
};

/// A call of more rows is cut into pieces of so many launches.
inline constexpr int64_t kRowsInOnePiece = 16;
inline constexpr size_t kLaunchesInPiece = 16;

template <typename Piece> class RecordingCache {
public:
  static constexpr size_t kMost = 64;

  /// The one for `entry` at `bucket`; where there is none, `record(recording)` fills its pieces.
  template <typename Record>
  Result<const Recording<Piece> *> get(uint32_t entry, const BatchCounts &bucket, const Record &record) {
    ++uses_;
    for (auto &known : recordings_)
      if (known->entry == entry && same(known->bucket, bucket)) {
        known->lastUse = uses_;
        return known.get();
      }
    if (recordings_.size() == kMost)
      recordings_.erase(std::min_element(recordings_.begin(), recordings_.end(),
                                         [](auto &a, auto &b) { return a->lastUse < b->lastUse; }));
    auto made = std::make_unique<Recording<Piece>>();
    made->entry = entry;
    made->bucket = bucket;
    made->layout = BatchLayout(bucket);
    made->lastUse = uses_;
    if (Status status = record(*made); !status.ok()) return status;
    recordings_.push_back(std::move(made));
    return recordings_.back().get();
  }
  size_t size() const { return recordings_.size(); }

private:
  std::vector<std::unique_ptr<Recording<Piece>>> recordings_;
  uint64_t uses_ = 0;
};

/// Where a call's commands take their launches from and leave their result.
struct RecordedEntry {
  LaunchList launches;
  fb::RowDomain domain;
  uint64_t resultOffset;    ///< in the arena
  uint64_t columns, stride; ///< in elements
  uint64_t sourceOffset, sourceColumns, sourceStride;
  /// Bytes from the first row's first element to the end of the last of `rows` rows.
  uint64_t resultBytes(uint64_t rows) const {
    return rows ? ((rows - 1) * stride + columns) * sizeof(float) : 0;
  }
};

/// Every entry of `program`.
std::vector<RecordedEntry> recordedEntries(const fb::Program &program, const OperandMemory &memory);

/// Of the largest result of any entry, gaps between rows included. A row of a source is fetched to behind it.
uint64_t mostResultBytes(const fb::Program &program);

} // namespace lathe::gpu

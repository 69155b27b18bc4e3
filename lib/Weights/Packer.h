// Writes quantized rows into the packed layout.
#pragma once

#include "Lathe/PackedLayout.h"
#include "Support/Status.h"
#include "Weights/Quantizer.h"

#include <functional>

namespace lathe {

/// Takes bytes for a place in the stored weight. Called from many threads, with disjoint ranges.
using ByteSink = std::function<Status(uint64_t offset, std::span<const std::byte> bytes)>;

/// Writes matrices of one format and layout.
class Packer {
public:
  Packer(const Format &format, const PackedMatrix &layout, const ByteSink &sink)
      : format_(format), layout_(layout), sink_(sink) {}

  /// Writes rows [firstRow, firstRow + encoded.rows); firstRow is a multiple of kPanelRows. Entries of scales
  /// that several rows share are written where their first row is. A bitmap needs setStarts() before.
  Status packRows(const Encoded &encoded, int64_t firstRow) const;

  /// The codes that a bitmap leaves in each panel of `encoded`.
  std::vector<uint32_t> countCodes(const Encoded &encoded) const;
  /// Where each panel's codes start, from the counts of all panels; writes the plane that says so.
  Status setStarts(std::span<const uint32_t> counts);
  /// Bytes of the weight after setStarts(). A multiple of 64.
  int64_t bitmapBytes() const;

private:
  Status packQuads(const Encoded &encoded, int64_t firstRow) const;
  Status packColumns(const Encoded &encoded, int64_t firstRow) const;
  Status packRowMajor(const Encoded &encoded, int64_t firstRow) const;
  Status packBitmap(const Encoded &encoded, int64_t firstRow) const;
  bool isZero(const Encoded &encoded, int64_t index) const;

  const Format &format_;
  const PackedMatrix &layout_;
  const ByteSink &sink_;
  std::vector<uint32_t> starts_;
};

} // namespace lathe

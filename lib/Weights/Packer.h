// Writes quantized rows into the packed layout.
#pragma once

#include "Lathe/PackedLayout.h"
#include "Support/Status.h"
#include "Weights/Quantizer.h"

#include <functional>

namespace lathe {

/// Takes bytes for a place in the stored weight. Called from many threads, with disjoint ranges.
using ByteSink = std::function<Status(uint64_t offset, std::span<const std::byte> bytes)>;

/// Writes rows [firstRow, firstRow + encoded.rows) of a matrix laid out as `layout`; firstRow is a multiple of
/// kPanelRows. Entries of scales that several rows share are written where their first row is.
Status packRows(const PackedMatrix &layout, const Encoded &encoded, int64_t firstRow, const ByteSink &sink);

} // namespace lathe

// Pruned codes put back in their places: some columns of a panel that is stored as a bitmap, expanded into
// work-group memory by all threads together.
#pragma once

#include "Codegen/GPU/GpuContext.h"
#include "Codegen/Kernel/BitmapCodes.h"
#include "Codegen/Kernel/WeightDecode.h"

namespace lathe {

/// Work-group memory for the expansion of a number of columns.
struct BitmapMemory {
  mlir::Value codes;  ///< [column or quad of columns][64 rows]: f32 of wide codes, i32 of four bytes
  mlir::Value counts; ///< codes of each 32 places, and of each run of 32 * kRun

  static constexpr int64_t kRun = 16;
  /// Entries, 4 bytes each, that `columns` columns of codes of `bits` bits take.
  static int64_t codeEntries(unsigned bits, int64_t columns) {
    int64_t quads = (columns + 3) / 4;
    return kPanelRows * (bits > 8 ? 4 * quads : quads);
  }
  static int64_t countEntries(int64_t columns) {
    int64_t words = (columns + 3) / 4 * 8;
    return words + (words + kRun - 1) / kRun;
  }
  static BitmapMemory share(GpuContext &on, unsigned bits, int64_t columns);
};

class BitmapGroup {
public:
  using Value = mlir::Value;

  BitmapGroup(GpuContext &context, const PackedMatrix &matrix, Value base, Value panel, BitmapMemory memory)
      : on(context), codes(context, matrix, base, panel), memory(memory) {}

  Value firstCode() const { return codes.firstCode(); }
  /// Puts `columns` columns from `first` on, a multiple of 4, in their places. `start` is the address of the first
  /// of their codes; the result that of the next column's. Met by all threads; barriers before and behind.
  Value expand(Value start, Value first, int64_t columns) const;
  /// What expand() wrote, for decoding.
  WeightDecode::ExpandedCodes expandedCodes(Value first) const;

private:
  GpuContext &on;
  BitmapCodes codes;
  BitmapMemory memory;

  void countWords(Value mask, int64_t words) const;
  Value sumCounts(Value from, Value to) const;
  Value codesBefore(Value word, Value bits, Value place, int64_t words) const;
  void placeBytes(Value next, Value flags, Value places) const;
  void placeFloats(Value next, Value flags, Value places) const;
};

} // namespace lathe

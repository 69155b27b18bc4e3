// Where each number of a packed weight lies: the one layout per encoding that the packer writes and every kernel reads.
// The rationale is in README.md, "The packed layout".
#pragma once

#include "Lathe/LatheDialect.h"

#include <memory>
#include <string>

namespace lathe {

/// Rows of a panel: four 512-bit vectors of 32-bit lanes.
inline constexpr int64_t kPanelRows = 64;

/// How the elements of one matrix are ordered.
enum class PackedOrder {
  /// Codes of at most 8 bits, in planes of 8, 4, 2 or 1 bits: [panel][unit][64 rows][4 bytes]. A unit is 256 bytes and
  /// covers 4 * (8 / w) columns; byte (r, j) holds for i in 0 .. 8/w the code of column unit * 4 * (8/w) + 4 * i + j of
  /// row r at bits [i * w, (i + 1) * w).
  Quads,
  /// Whole elements: [panel][column][64 rows]. Wide codes, and scales and offsets of one row each.
  Columns,
  /// Whole elements, row-major: scales and offsets that several rows share.
  RowMajor,
  /// Pruned codes, in three planes. Position p = (row % 64) * 4 + column % 4 + column / 4 * 256 of a panel is that of
  /// an 8-bit code in Quads. The mask: bit p % 8 of byte p / 8 of the panel says whether a code is there. The starts: a
  /// u32 for each panel and one behind the last, counting codes. The codes: those that are there, in order of panel
  /// and position, each in 1, 2 or 4 bytes.
  Bitmap,
};

/// One contiguous piece of a packed weight; it starts at a multiple of 64 bytes.
struct PackedPlane {
  unsigned bits;   ///< width of its elements: 1, 2, 4, 8, 16 or 32
  unsigned shift;  ///< where these bits stand in the code (Quads); 0 otherwise
  int64_t offset;  ///< bytes from the start of the weight
  int64_t bytes;
};

/// A matrix of codes and the matrices that scale and shift it.
struct PackedMatrix {
  EncodingAttr encoding;
  int64_t rows, columns;               ///< logical shape
  int64_t paddedRows, paddedColumns;   ///< stored shape; what is added decodes to nothing
  int64_t blockRows, blockColumns;     ///< elements that share an entry of `scale` and `offset`
  PackedOrder order;
  /// Added to a signed code before it is stored, so that stored integer codes are unsigned.
  int64_t bias;
  llvm::SmallVector<PackedPlane, 3> planes;
  std::unique_ptr<PackedMatrix> scale, offset;
};

/// The layout of a packed matrix. The type's panel must be kPanelRows. How many codes a bitmap leaves is in the data:
/// their plane comes last, its size here is the largest possible.
PackedMatrix packedLayout(WeightType type);

/// Columns that a unit of a plane covers (Quads).
inline int64_t unitColumns(const PackedPlane &plane) { return 4 * (8 / plane.bits); }
/// The same of the narrowest plane of codes.
int64_t unitColumns(EncodingAttr encoding);
/// Why integer codes are not multiplied by rows that are quantized in groups of `group` columns, fewer than
/// there are; empty where they are.
std::string whyNotInGroups(EncodingAttr encoding, int64_t group);

/// Bytes of a stored weight: packed, or a vector's elements in order. A multiple of 64. With a bitmap the most that it
/// may take; Evaluator::storedBytes (lib/Weights) counts.
int64_t storedBytes(WeightType type);

} // namespace lathe

#include "Lathe/PackedLayout.h"

#include <numeric>

using namespace mlir;
using namespace lathe;

static int64_t roundUp(int64_t value, int64_t unit) { return (value + unit - 1) / unit * unit; }
static int64_t ceilDiv(int64_t value, int64_t unit) { return (value + unit - 1) / unit; }

namespace {

/// Lays planes end to end, each at a multiple of 64 bytes.
struct Planner {
  int64_t next = 0;

  PackedPlane plane(unsigned bits, unsigned shift, int64_t bytes) {
    PackedPlane result{bits, shift, next, bytes};
    next = roundUp(next + bytes, 64);
    return result;
  }

  /// The widest plane first, from the least significant bit up: 7 bits are 4 + 2 + 1.
  void addQuads(PackedMatrix &matrix, unsigned bits) {
    unsigned shift = 0;
    for (unsigned width : {8u, 4u, 2u, 1u})
      if (bits & width) {
        matrix.planes.push_back(plane(width, shift, matrix.paddedRows * matrix.paddedColumns * width / 8));
        shift += width;
      }
  }

  std::unique_ptr<PackedMatrix> lay(EncodingAttr encoding, int64_t rows, int64_t columns, bool nested, bool shared) {
    auto matrix = std::make_unique<PackedMatrix>();
    unsigned bits = encoding.getCodeBits();
    matrix->encoding = encoding;
    matrix->rows = rows;
    matrix->columns = columns;
    std::tie(matrix->blockRows, matrix->blockColumns) = encoding.getBlockShape(rows, columns);
    bool bitmap = encoding.getBitmap() && !nested;
    matrix->order = shared ? PackedOrder::RowMajor
                    : bitmap ? PackedOrder::Bitmap
                    : nested || bits > 8 ? PackedOrder::Columns : PackedOrder::Quads;
    auto integer = dyn_cast<IntegerType>(encoding.getCodes());
    matrix->bias = integer && integer.isSigned() ? int64_t(1) << (bits - 1) : 0;
    matrix->paddedRows = shared ? rows : roundUp(rows, kPanelRows);
    matrix->paddedColumns = columns;
    unsigned stored = bits <= 8 ? 8 : bits;
    if (matrix->order == PackedOrder::Quads || bitmap) {
      bool oneBlock = matrix->blockColumns >= columns;
      matrix->paddedColumns = roundUp(columns, oneBlock ? 32 : std::lcm(int64_t(32), matrix->blockColumns));
    }
    int64_t codes = matrix->paddedRows * matrix->paddedColumns;
    if (bitmap) {
      matrix->planes.push_back(plane(1, 0, codes / 8));
      matrix->planes.push_back(plane(32, 0, (matrix->paddedRows / kPanelRows + 1) * 4));
    } else if (matrix->order == PackedOrder::Quads) {
      addQuads(*matrix, bits);
    } else {
      matrix->planes.push_back(plane(stored, 0, matrix->paddedRows * columns * stored / 8));
    }
    int64_t partRows = ceilDiv(rows, matrix->blockRows), partColumns = ceilDiv(columns, matrix->blockColumns);
    bool partShared = shared || matrix->blockRows != 1;
    if (encoding.getScale()) matrix->scale = lay(encoding.getScale(), partRows, partColumns, true, partShared);
    if (encoding.getOffset()) matrix->offset = lay(encoding.getOffset(), partRows, partColumns, true, partShared);
    if (bitmap) matrix->planes.push_back(plane(stored, 0, codes * stored / 8));
    return matrix;
  }
};

} // namespace

PackedMatrix lathe::packedLayout(WeightType type) {
  assert(type.getPanel() == kPanelRows);
  Planner planner;
  return std::move(*planner.lay(type.getEncoding(), type.getRows(), type.getColumns(), false, false));
}

int64_t lathe::unitColumns(EncodingAttr encoding) {
  if (encoding.getBitmap()) return 4;
  for (unsigned width : {1u, 2u, 4u})
    if (encoding.getCodeBits() & width) return 32 / width;
  return 4;
}

std::string lathe::whyNotInGroups(EncodingAttr encoding, int64_t group) {
  int64_t unit = unitColumns(encoding);
  if (group % unit == 0) return "";
  return "needs groups of a multiple of " + std::to_string(unit) + " columns for codes of " +
         std::to_string(encoding.getCodeBits()) + " bits, not " + std::to_string(group) +
         ", to multiply by int8 activations";
}

static int64_t endOf(const PackedMatrix &matrix) {
  int64_t end = matrix.planes.back().offset + matrix.planes.back().bytes;
  for (const PackedMatrix *part : {matrix.scale.get(), matrix.offset.get()})
    if (part) end = std::max(end, endOf(*part));
  return end;
}

int64_t lathe::storedBytes(WeightType type) {
  if (type.getPanel()) return roundUp(endOf(packedLayout(type)), 64);
  return roundUp(type.getRows() * type.getColumns() * type.getEncoding().getCodeBits() / 8, 64);
}

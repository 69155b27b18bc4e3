#include "Interpreter/Program.h"

using namespace mlir;

namespace lathe::interpreter {

bool Arena::holds(exec::SliceType slice, int64_t offset, int64_t rows) const {
  int64_t row = slice.getGroup() ? slice.getSumsOffset() + 4 * slice.getNumGroups()
                                 : slice.getColumns() * slice.getElementType().getIntOrFloatBitWidth() / 8;
  int64_t size = bytes_.size();
  if (offset < 0 || row > size || offset > size - row) return false;
  return rows <= 1 || slice.getStride() <= (size - row - offset) / (rows - 1);
}

template <typename T> static T load(const uint8_t *from) {
  T value;
  std::memcpy(&value, from, sizeof(T));
  return value;
}

static float loadFloat(FloatType type, const uint8_t *from) {
  llvm::APInt bits(type.getWidth(), type.getWidth() == 32 ? load<uint32_t>(from) : load<uint16_t>(from));
  llvm::APFloat number(type.getFloatSemantics(), bits);
  bool inexact;
  number.convert(llvm::APFloat::IEEEsingle(), llvm::APFloat::rmNearestTiesToEven, &inexact);
  return number.convertToFloat();
}

static void storeFloat(FloatType type, float value, uint8_t *to) {
  llvm::APFloat number(value);
  bool inexact;
  number.convert(type.getFloatSemantics(), llvm::APFloat::rmNearestTiesToEven, &inexact);
  uint64_t bits = number.bitcastToAPInt().getZExtValue();
  std::memcpy(to, &bits, type.getWidth() / 8);
}

static QuantizedRows readQuantized(exec::SliceType slice, const uint8_t *from, int64_t rows) {
  QuantizedRows result{rows, slice.getColumns(), slice.getGroup(), {}, {}, {}};
  for (int64_t m = 0; m < rows; ++m) {
    const uint8_t *row = from + m * slice.getStride();
    for (int64_t k = 0; k < slice.getColumns(); ++k) result.codes.push_back(load<int8_t>(row + k));
    for (int64_t g = 0; g < slice.getNumGroups(); ++g) {
      result.scales.push_back(load<float>(row + slice.getScalesOffset() + 4 * g));
      result.sums.push_back(load<int32_t>(row + slice.getSumsOffset() + 4 * g));
    }
  }
  return result;
}

static void writeQuantized(exec::SliceType slice, const QuantizedRows &rows, uint8_t *to) {
  int64_t groups = slice.getNumGroups();
  for (int64_t m = 0; m < rows.rows; ++m) {
    uint8_t *row = to + m * slice.getStride();
    std::memset(row, 0, slice.getScalesOffset());
    std::memcpy(row, rows.codes.data() + m * rows.columns, rows.columns);
    std::memcpy(row + slice.getScalesOffset(), rows.scales.data() + m * groups, 4 * groups);
    std::memcpy(row + slice.getSumsOffset(), rows.sums.data() + m * groups, 4 * groups);
  }
}

Datum Arena::read(exec::SliceType slice, int64_t offset, int64_t rows) const {
  const uint8_t *from = bytes_.data() + offset;
  if (slice.getGroup()) return readQuantized(slice, from, rows);
  auto type = cast<FloatType>(slice.getElementType());
  Rows result(rows, slice.getColumns());
  for (int64_t m = 0; m < rows; ++m)
    for (int64_t k = 0; k < slice.getColumns(); ++k)
      result.row(m)[k] = loadFloat(type, from + m * slice.getStride() + k * type.getWidth() / 8);
  return result;
}

void Arena::write(exec::SliceType slice, int64_t offset, const Datum &datum) {
  uint8_t *to = bytes_.data() + offset;
  if (slice.getGroup()) return writeQuantized(slice, std::get<QuantizedRows>(datum), to);
  auto type = cast<FloatType>(slice.getElementType());
  const auto &rows = std::get<Rows>(datum);
  for (int64_t m = 0; m < rows.rows; ++m)
    for (int64_t k = 0; k < rows.columns; ++k)
      storeFloat(type, rows.row(m)[k], to + m * slice.getStride() + k * type.getWidth() / 8);
}

} // namespace lathe::interpreter

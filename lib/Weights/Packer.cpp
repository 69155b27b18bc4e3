#include "Weights/Packer.h"

#include <algorithm>
#include <cstring>

using namespace lathe;

/// One plane of one panel: see PackedOrder::Quads. `codes` is 64 x paddedColumns.
static void packQuads(const uint8_t *codes, int64_t columns, const PackedPlane &plane, std::byte *out) {
  int64_t perByte = 8 / plane.bits, unitColumns = 4 * perByte;
  uint32_t mask = 0x01010101u * ((1u << plane.bits) - 1);
  for (int64_t column = 0; column < columns; column += unitColumns)
    for (int64_t row = 0; row < kPanelRows; ++row, out += 4) {
      uint32_t packed = 0;
      for (int64_t i = 0; i < perByte; ++i) {
        uint32_t quad;
        std::memcpy(&quad, codes + row * columns + column + 4 * i, 4);
        packed |= (quad >> plane.shift & mask) << (i * plane.bits);
      }
      std::memcpy(out, &packed, 4);
    }
}

static Status packQuadPanels(const PackedMatrix &layout, const Encoded &encoded, int64_t firstRow, const ByteSink &sink) {
  std::vector<uint8_t> codes(kPanelRows * layout.paddedColumns);
  std::vector<std::byte> bytes;
  for (int64_t row = 0; row < encoded.rows; row += kPanelRows) {
    std::fill(codes.begin(), codes.end(), static_cast<uint8_t>(layout.bias));
    for (int64_t r = 0; r < std::min(kPanelRows, encoded.rows - row); ++r)
      std::memcpy(codes.data() + r * layout.paddedColumns, encoded.codes.data() + (row + r) * encoded.columns,
                  encoded.columns);
    for (const PackedPlane &plane : layout.planes) {
      bytes.resize(kPanelRows * layout.paddedColumns * plane.bits / 8);
      packQuads(codes.data(), layout.paddedColumns, plane, bytes.data());
      uint64_t offset = plane.offset + (firstRow + row) / kPanelRows * bytes.size();
      LATHE_TRY(sink(offset, bytes));
    }
  }
  return {};
}

/// An element as it is stored: one byte for codes of up to 8 bits.
static void putElement(const Encoded &encoded, int64_t index, int64_t width, std::byte *out) {
  if (encoded.wide.empty())
    *out = std::byte(encoded.codes[index]);
  else
    std::memcpy(out, &encoded.wide[index], width);
}

static Status packColumnPanels(const PackedMatrix &layout, const Encoded &encoded, int64_t firstRow, const ByteSink &sink) {
  const PackedPlane &plane = layout.planes.front();
  int64_t width = plane.bits / 8;
  std::vector<std::byte> bytes(kPanelRows * encoded.columns * width);
  for (int64_t row = 0; row < encoded.rows; row += kPanelRows) {
    std::fill(bytes.begin(), bytes.end(), std::byte(0));
    int64_t count = std::min(kPanelRows, encoded.rows - row);
    for (int64_t r = 0; r < count; ++r)
      for (int64_t column = 0; column < encoded.columns; ++column)
        putElement(encoded, (row + r) * encoded.columns + column, width, &bytes[(column * kPanelRows + r) * width]);
    LATHE_TRY(sink(plane.offset + (firstRow + row) / kPanelRows * bytes.size(), bytes));
  }
  return {};
}

static Status packRowMajor(const PackedMatrix &layout, const Encoded &encoded, int64_t firstRow, const ByteSink &sink) {
  const PackedPlane &plane = layout.planes.front();
  int64_t width = plane.bits / 8;
  std::vector<std::byte> bytes(encoded.rows * encoded.columns * width);
  for (int64_t i = 0; i < encoded.rows * encoded.columns; ++i) putElement(encoded, i, width, &bytes[i * width]);
  return sink(plane.offset + firstRow * encoded.columns * width, bytes);
}

Status lathe::packRows(const PackedMatrix &layout, const Encoded &encoded, int64_t firstRow, const ByteSink &sink) {
  switch (layout.order) {
  case PackedOrder::Quads: LATHE_TRY(packQuadPanels(layout, encoded, firstRow, sink)); break;
  case PackedOrder::Columns: LATHE_TRY(packColumnPanels(layout, encoded, firstRow, sink)); break;
  case PackedOrder::RowMajor: LATHE_TRY(packRowMajor(layout, encoded, firstRow, sink)); break;
  }
  if (layout.scale) LATHE_TRY(packRows(*layout.scale, *encoded.scale, firstRow / layout.blockRows, sink));
  if (layout.offset) LATHE_TRY(packRows(*layout.offset, *encoded.offset, firstRow / layout.blockRows, sink));
  return {};
}

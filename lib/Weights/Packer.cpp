#include "Weights/Packer.h"

#include <algorithm>
#include <cstring>

using namespace lathe;

/// One plane of one panel: see PackedOrder::Quads. `codes` is 64 rows, `stride` bytes apart.
static void packQuadPanel(const uint8_t *codes, int64_t stride, int64_t columns, const PackedPlane &plane,
                          std::byte *out) {
  int64_t perByte = 8 / plane.bits;
  uint32_t mask = 0x01010101u * ((1u << plane.bits) - 1);
  for (int64_t column = 0; column < columns; column += unitColumns(plane))
    for (int64_t row = 0; row < kPanelRows; ++row, out += 4) {
      uint32_t packed = 0;
      for (int64_t i = 0; i < perByte; ++i) {
        uint32_t quad;
        std::memcpy(&quad, codes + row * stride + column + 4 * i, 4);
        packed |= (quad >> plane.shift & mask) << (i * plane.bits);
      }
      std::memcpy(out, &packed, 4);
    }
}

Status Packer::packQuads(const Encoded &encoded, int64_t firstRow) const {
  // Not a multiple of a page apart: the rows of a panel are read side by side.
  int64_t stride = layout_.paddedColumns + 64;
  std::vector<uint8_t> codes(kPanelRows * stride);
  std::vector<std::byte> bytes;
  for (int64_t row = 0; row < encoded.rows; row += kPanelRows) {
    std::fill(codes.begin(), codes.end(), static_cast<uint8_t>(layout_.bias));
    for (int64_t r = 0; r < std::min(kPanelRows, encoded.rows - row); ++r)
      std::memcpy(codes.data() + r * stride, encoded.codes.data() + (row + r) * encoded.columns,
                  encoded.columns);
    for (const PackedPlane &plane : layout_.planes) {
      bytes.resize(kPanelRows * layout_.paddedColumns * plane.bits / 8);
      packQuadPanel(codes.data(), stride, layout_.paddedColumns, plane, bytes.data());
      LATHE_TRY(sink_(plane.offset + (firstRow + row) / kPanelRows * bytes.size(), bytes));
    }
  }
  return {};
}

/// Elements of one panel, column by column, in tiles that stay in the cache.
template <typename Stored, typename Code>
static void packColumnPanel(const Code *codes, int64_t rows, int64_t columns, Stored *out) {
  constexpr int64_t kTile = 16;
  for (int64_t tile = 0; tile < columns; tile += kTile)
    for (int64_t row = 0; row < rows; ++row)
      for (int64_t column = tile; column < std::min(columns, tile + kTile); ++column)
        out[column * kPanelRows + row] = static_cast<Stored>(codes[row * columns + column]);
}

Status Packer::packColumns(const Encoded &encoded, int64_t firstRow) const {
  const PackedPlane &plane = layout_.planes.front();
  std::vector<uint32_t> words(kPanelRows * encoded.columns * plane.bits / 32);
  auto bytes = std::as_writable_bytes(std::span(words));
  for (int64_t row = 0; row < encoded.rows; row += kPanelRows) {
    int64_t rows = std::min(kPanelRows, encoded.rows - row), first = row * encoded.columns;
    std::fill(bytes.begin(), bytes.end(), std::byte(plane.bits == 8 ? layout_.bias : 0));
    if (plane.bits == 8)
      packColumnPanel(&encoded.codes[first], rows, encoded.columns,
                      reinterpret_cast<uint8_t *>(bytes.data()));
    else if (plane.bits == 16)
      packColumnPanel(&encoded.wide[first], rows, encoded.columns,
                      reinterpret_cast<uint16_t *>(bytes.data()));
    else
      packColumnPanel(&encoded.wide[first], rows, encoded.columns, words.data());
    LATHE_TRY(sink_(plane.offset + (firstRow + row) / kPanelRows * bytes.size(), bytes));
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

Status Packer::packRowMajor(const Encoded &encoded, int64_t firstRow) const {
  const PackedPlane &plane = layout_.planes.front();
  int64_t width = plane.bits / 8;
  std::vector<std::byte> bytes(encoded.rows * encoded.columns * width);
  for (int64_t i = 0; i < encoded.rows * encoded.columns; ++i)
    putElement(encoded, i, width, &bytes[i * width]);
  return sink_(plane.offset + firstRow * encoded.columns * width, bytes);
}

bool Packer::isZero(const Encoded &encoded, int64_t index) const {
  if (format_.codes == Format::Codes::Integer) return encoded.codes[index] == format_.bias();
  if (format_.codes == Format::Codes::Table) return format_.table[encoded.codes[index]] == 0;
  return decodeFloat(format_.floatFormat, encoded.wide[index]) == 0;
}

std::vector<uint32_t> Packer::countCodes(const Encoded &encoded) const {
  std::vector<uint32_t> counts((encoded.rows + kPanelRows - 1) / kPanelRows);
  for (int64_t i = 0; i < encoded.rows * encoded.columns; ++i)
    counts[i / encoded.columns / kPanelRows] += !isZero(encoded, i);
  return counts;
}

Status Packer::setStarts(std::span<const uint32_t> counts) {
  uint64_t next = 0;
  starts_.clear();
  for (uint32_t count : counts) {
    starts_.push_back(static_cast<uint32_t>(next));
    next += count;
  }
  if (next > UINT32_MAX)
    return Status(Code::Unsupported, "a bitmap holds at most 2^32 codes that are not zero");
  starts_.push_back(static_cast<uint32_t>(next));
  return sink_(layout_.planes[1].offset, std::as_bytes(std::span(starts_)));
}

int64_t Packer::bitmapBytes() const {
  const PackedPlane &codes = layout_.planes.back();
  return (codes.offset + int64_t(starts_.back()) * codes.bits / 8 + 63) / 64 * 64;
}

Status Packer::packBitmap(const Encoded &encoded, int64_t firstRow) const {
  const PackedPlane &maskPlane = layout_.planes[0], &codePlane = layout_.planes[2];
  int64_t width = codePlane.bits / 8;
  std::vector<std::byte> mask(kPanelRows * layout_.paddedColumns / 8), codes;
  for (int64_t row = 0; row < encoded.rows; row += kPanelRows) {
    std::fill(mask.begin(), mask.end(), std::byte(0));
    codes.clear();
    int64_t rows = std::min(kPanelRows, encoded.rows - row), panel = (firstRow + row) / kPanelRows;
    for (int64_t quad = 0; quad < encoded.columns; quad += 4)
      for (int64_t r = 0; r < rows; ++r)
        for (int64_t column = quad; column < std::min(encoded.columns, quad + 4); ++column) {
          int64_t index = (row + r) * encoded.columns + column,
                  position = quad * kPanelRows + r * 4 + column - quad;
          if (isZero(encoded, index)) continue;
          mask[position / 8] |= std::byte(1 << position % 8);
          codes.resize(codes.size() + width);
          putElement(encoded, index, width, codes.data() + codes.size() - width);
        }
    LATHE_TRY(sink_(maskPlane.offset + panel * mask.size(), mask));
    LATHE_TRY(sink_(codePlane.offset + uint64_t(starts_[panel]) * width, codes));
  }
  return {};
}

Status Packer::packRows(const Encoded &encoded, int64_t firstRow) const {
  switch (layout_.order) {
  case PackedOrder::Quads:
    LATHE_TRY(packQuads(encoded, firstRow));
    break;
  case PackedOrder::Columns:
    LATHE_TRY(packColumns(encoded, firstRow));
    break;
  case PackedOrder::RowMajor:
    LATHE_TRY(packRowMajor(encoded, firstRow));
    break;
  case PackedOrder::Bitmap:
    LATHE_TRY(packBitmap(encoded, firstRow));
    break;
  }
  int64_t partRow = firstRow / layout_.blockRows;
  if (layout_.scale)
    LATHE_TRY(Packer(*format_.scale, *layout_.scale, sink_).packRows(*encoded.scale, partRow));
  if (layout_.offset)
    LATHE_TRY(Packer(*format_.offset, *layout_.offset, sink_).packRows(*encoded.offset, partRow));
  return {};
}

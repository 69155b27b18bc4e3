#include "Checkpoint/DType.h"

#include <bit>
#include <cassert>
#include <cstring>

namespace lathe {

static_assert(std::endian::native == std::endian::little,
              "checkpoints are little-endian and are read in place");

namespace {
struct Entry {
  DType dtype;
  std::string_view name;
  unsigned bits;
};
// In the order of the enum, so that a type is its index.
constexpr Entry entries[] = {
    {DType::F32, "F32", 32},       {DType::F16, "F16", 16},       {DType::BF16, "BF16", 16},
    {DType::F64, "F64", 64},       {DType::I64, "I64", 64},       {DType::I32, "I32", 32},
    {DType::I16, "I16", 16},       {DType::I8, "I8", 8},          {DType::U64, "U64", 64},
    {DType::U32, "U32", 32},       {DType::U16, "U16", 16},       {DType::U8, "U8", 8},
    {DType::Bool, "BOOL", 8},      {DType::C64, "C64", 64},       {DType::F8E5M2, "F8_E5M2", 8},
    {DType::F8E4M3, "F8_E4M3", 8}, {DType::F8E8M0, "F8_E8M0", 8}, {DType::F6E2M3, "F6_E2M3", 6},
    {DType::F6E3M2, "F6_E3M2", 6}, {DType::F4, "F4", 4},
};
} // namespace

std::optional<DType> parseDType(std::string_view name) {
  for (const Entry &entry : entries)
    if (entry.name == name) return entry.dtype;
  return std::nullopt;
}

std::string_view dtypeName(DType dtype) { return entries[static_cast<size_t>(dtype)].name; }

unsigned bitsPerElement(DType dtype) { return entries[static_cast<size_t>(dtype)].bits; }

/// Without branches, so that the loop below becomes vector code on any target. The exponent moves from bias
/// 15 to 127; infinities and NaNs move on to the top exponent; subnormals are renormalized by one exact
/// subtraction.
static float f16ToF32(uint16_t half) {
  uint32_t magnitude = static_cast<uint32_t>(half & 0x7fff) << 13;
  uint32_t exponent = magnitude & 0x0f800000;
  uint32_t normal = magnitude + (112u << 23) + (exponent == 0x0f800000 ? 112u << 23 : 0u);
  uint32_t subnormal = std::bit_cast<uint32_t>(std::bit_cast<float>(magnitude + (113u << 23)) -
                                               std::bit_cast<float>(113u << 23));
  uint32_t sign = static_cast<uint32_t>(half & 0x8000) << 16;
  return std::bit_cast<float>((exponent == 0 ? subnormal : normal) | sign);
}

static uint16_t load16(const std::byte *in) {
  uint16_t value;
  std::memcpy(&value, in, sizeof(value));
  return value;
}

void widenToF32(DType dtype, const std::byte *in, std::span<float> out) {
  assert(isWeightType(dtype));
  float *to = out.data();
  size_t count = out.size();
  if (count == 0) return;
  switch (dtype) {
  case DType::F32:
    std::memcpy(to, in, count * sizeof(float));
    break;
  case DType::BF16:
    for (size_t i = 0; i < count; ++i)
      to[i] = std::bit_cast<float>(static_cast<uint32_t>(load16(in + 2 * i)) << 16);
    break;
  case DType::F16:
    for (size_t i = 0; i < count; ++i) to[i] = f16ToF32(load16(in + 2 * i));
    break;
  default:
    break;
  }
}

} // namespace lathe

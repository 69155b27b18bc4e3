// The element types that a safetensors file can name, and the conversion of those that weights come in to
// f32.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

namespace lathe {

/// Element types of safetensors 0.6. Only F32, F16 and BF16 are read as weights; the rest is known so that a
/// file which also holds, say, an I64 buffer of position ids still opens.
enum class DType : uint8_t {
  F32,
  F16,
  BF16,
  F64,
  I64,
  I32,
  I16,
  I8,
  U64,
  U32,
  U16,
  U8,
  Bool,
  C64,
  F8E5M2,
  F8E4M3,
  F8E8M0,
  F6E2M3,
  F6E3M2,
  F4,
};

/// The type called `name` in a safetensors header ("BF16", "F8_E4M3"); none where the name is unknown.
std::optional<DType> parseDType(std::string_view name);
/// The name as a safetensors header has it.
std::string_view dtypeName(DType dtype);
/// Bits of one element: 4, 6, or a multiple of 8.
unsigned bitsPerElement(DType dtype);
/// Whether readable as weights: F32, F16 or BF16.
constexpr bool isWeightType(DType dtype) {
  return dtype == DType::F32 || dtype == DType::F16 || dtype == DType::BF16;
}

/// Converts `out.size()` elements of a weight type, stored little-endian from `in` on at any alignment, to
/// f32. Every F16 and BF16 value, subnormals, infinities and NaNs included, is an f32 value: the conversion
/// is exact.
void widenToF32(DType dtype, const std::byte *in, std::span<float> out);

} // namespace lathe

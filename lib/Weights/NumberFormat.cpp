#include "Weights/NumberFormat.h"

#include <algorithm>
#include <bit>
#include <cmath>

namespace lathe {

static uint32_t encodeHalf(float value) {
  uint32_t bits = std::bit_cast<uint32_t>(value), sign = bits >> 16 & 0x8000;
  uint32_t magnitude = bits & 0x7fffffff;
  if (magnitude > 0x7f800000) return sign | 0x7e00;
  if (magnitude >= 0x477ff000) return sign | 0x7c00; // rounds past 65504
  if (magnitude < 0x38800000) {
    // Below the smallest normal: adding 0.5 leaves the rounded subnormal in the low bits.
    float shifted = std::bit_cast<float>(magnitude) + 0.5f;
    return sign | (std::bit_cast<uint32_t>(shifted) - 0x3f000000);
  }
  uint32_t odd = magnitude >> 13 & 1;
  return sign | ((magnitude - 0x38000000 + 0xfff + odd) >> 13);
}

static float decodeHalf(uint32_t half) {
  uint32_t sign = (half & 0x8000) << 16, exponent = half >> 10 & 31, mantissa = half & 0x3ff;
  if (exponent == 31) return std::bit_cast<float>(sign | 0x7f800000 | mantissa << 13);
  if (exponent == 0) {
    float value = float(mantissa) * 0x1p-24f;
    return sign ? -value : value;
  }
  return std::bit_cast<float>(sign | (exponent + 112) << 23 | mantissa << 13);
}

uint32_t encodeFloat(FloatFormat format, float value) {
  uint32_t bits = std::bit_cast<uint32_t>(value);
  if (format == FloatFormat::F32) return bits;
  if (format == FloatFormat::F16) return encodeHalf(value);
  if (std::isnan(value)) return (bits >> 16) | 0x40;
  return (bits + 0x7fff + (bits >> 16 & 1)) >> 16;
}

float decodeFloat(FloatFormat format, uint32_t bits) {
  if (format == FloatFormat::F32) return std::bit_cast<float>(bits);
  return format == FloatFormat::F16 ? decodeHalf(bits) : std::bit_cast<float>(bits << 16);
}

ValueTable::ValueTable(std::vector<float> values) : values_(std::move(values)) {
  for (size_t raw = 0; raw < values_.size(); ++raw)
    if (std::isfinite(values_[raw])) sorted_.push_back({values_[raw], static_cast<uint8_t>(raw)});
  std::sort(sorted_.begin(), sorted_.end(), [](Entry a, Entry b) { return a.value != b.value ? a.value < b.value : a.raw < b.raw; });
  sorted_.erase(std::unique(sorted_.begin(), sorted_.end(), [](Entry a, Entry b) { return a.value == b.value; }),
                sorted_.end());
}

uint8_t ValueTable::nearest(float value) const {
  auto above = std::lower_bound(sorted_.begin(), sorted_.end(), value, [](Entry e, float v) { return e.value < v; });
  if (above == sorted_.end()) return sorted_.back().raw;
  if (above == sorted_.begin()) return above->raw;
  auto below = above - 1;
  float up = above->value - value, down = value - below->value;
  if (up == down) return std::fabs(above->value) < std::fabs(below->value) ? above->raw : below->raw;
  return up < down ? above->raw : below->raw;
}

} // namespace lathe

#include "Weights/NumberFormat.h"

#include <algorithm>
#include <bit>
#include <cmath>

namespace lathe {

/// Without branches, so that loops over it become vector code.
static uint32_t encodeHalf(float value) {
  uint32_t bits = std::bit_cast<uint32_t>(value), sign = bits >> 16 & 0x8000, magnitude = bits & 0x7fffffff;
  uint32_t odd = magnitude >> 13 & 1;
  uint32_t normal = (magnitude - 0x38000000 + 0xfff + odd) >> 13;
  // Below the smallest normal: adding 0.5 leaves the rounded subnormal in the low bits.
  uint32_t subnormal = std::bit_cast<uint32_t>(std::bit_cast<float>(magnitude) + 0.5f) - 0x3f000000;
  uint32_t finite = magnitude < 0x38800000 ? subnormal : normal;
  uint32_t special = magnitude > 0x7f800000 ? 0x7e00 : 0x7c00;
  return sign | (magnitude >= 0x477ff000 ? special : finite); // 65520 and more round past 65504
}

static float decodeHalf(uint32_t half) {
  uint32_t sign = (half & 0x8000) << 16, exponent = half >> 10 & 31, mantissa = half & 0x3ff;
  uint32_t normal = exponent == 31 ? 0x7f800000 | mantissa << 13 : (exponent + 112) << 23 | mantissa << 13;
  uint32_t subnormal = std::bit_cast<uint32_t>(float(mantissa) * 0x1p-24f);
  return std::bit_cast<float>(sign | (exponent == 0 ? subnormal : normal));
}

static uint32_t encodeBrain(float value) {
  uint32_t bits = std::bit_cast<uint32_t>(value);
  uint32_t rounded = (bits + 0x7fff + (bits >> 16 & 1)) >> 16;
  return (bits & 0x7fffffff) > 0x7f800000 ? bits >> 16 | 0x40 : rounded;
}

uint32_t encodeFloat(FloatFormat format, float value) {
  switch (format) {
  case FloatFormat::F16:
    return encodeHalf(value);
  case FloatFormat::BF16:
    return encodeBrain(value);
  case FloatFormat::F32:
    break;
  }
  return std::bit_cast<uint32_t>(value);
}

float decodeFloat(FloatFormat format, uint32_t bits) {
  switch (format) {
  case FloatFormat::F16:
    return decodeHalf(bits);
  case FloatFormat::BF16:
    return std::bit_cast<float>(bits << 16);
  case FloatFormat::F32:
    break;
  }
  return std::bit_cast<float>(bits);
}

float largestFloat(FloatFormat format) {
  switch (format) {
  case FloatFormat::F16:
    return 65504;
  case FloatFormat::BF16:
    return 0x1.fep127f;
  case FloatFormat::F32:
    break;
  }
  return 0x1.fffffep127f;
}

/// The largest float that is nearer to `low` than to `high`, or as near where `tieIsLow`.
static float boundBetween(float low, float high, bool tieIsLow) {
  double middle = (double(low) + double(high)) / 2;
  float bound = static_cast<float>(middle);
  if (bound > middle || (bound == middle && !tieIsLow)) bound = std::nextafter(bound, -INFINITY);
  return bound;
}

ValueTable::ValueTable(std::vector<float> values) : values_(std::move(values)) {
  for (size_t raw = 0; raw < values_.size(); ++raw)
    if (std::isfinite(values_[raw])) raw_.push_back(static_cast<uint8_t>(raw));
  // Of codes of equal value (+0 and -0) the first is written.
  std::sort(raw_.begin(), raw_.end(),
            [&](uint8_t a, uint8_t b) { return values_[a] != values_[b] ? values_[a] < values_[b] : a < b; });
  raw_.erase(
      std::unique(raw_.begin(), raw_.end(), [&](uint8_t a, uint8_t b) { return values_[a] == values_[b]; }),
      raw_.end());
  for (uint8_t raw : raw_) sorted_.push_back(values_[raw]);
  for (size_t i = 0; i + 1 < sorted_.size(); ++i)
    bounds_.push_back(
        boundBetween(sorted_[i], sorted_[i + 1], std::fabs(sorted_[i]) <= std::fabs(sorted_[i + 1])));
}

uint8_t ValueTable::nearest(float value) const {
  return raw_[std::lower_bound(bounds_.begin(), bounds_.end(), value) - bounds_.begin()];
}

} // namespace lathe

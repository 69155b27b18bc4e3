// The numbers that codes stand for, and how reals round to them; no LLVM in here.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace lathe {

/// Float formats wider than a byte; narrower ones are a ValueTable.
enum class FloatFormat : uint8_t { F32, F16, BF16 };

/// Bits of `value` rounded to nearest even: IEEE binary32, binary16 or bfloat16, in the low bits.
uint32_t encodeFloat(FloatFormat format, float value);
float decodeFloat(FloatFormat format, uint32_t bits);
/// The largest finite number of a format.
float largestFloat(FloatFormat format);
constexpr unsigned floatBits(FloatFormat format) { return format == FloatFormat::F32 ? 32 : 16; }

/// The value of each code of at most 8 bits, and the code nearest to a value.
class ValueTable {
public:
  ValueTable() = default;
  /// `values[raw]` is what the raw bits stand for; NaN or infinite where a code is never written. At least
  /// one of them is finite.
  explicit ValueTable(std::vector<float> values);

  float operator[](uint8_t raw) const { return values_[raw]; }
  /// The raw code whose value is nearest; of two equally near ones the one of the smaller magnitude.
  uint8_t nearest(float value) const;
  float largest() const { return sorted_.back(); }
  float smallest() const { return sorted_.front(); }
  std::span<const float> values() const { return values_; }

  /// The distinct values in ascending order.
  std::span<const float> sorted() const { return sorted_; }
  /// What is greater than bounds()[i] is nearer to sorted()[i + 1] than to sorted()[i].
  std::span<const float> bounds() const { return bounds_; }
  /// The raw code of sorted()[i].
  uint8_t rawOf(size_t i) const { return raw_[i]; }

private:
  std::vector<float> values_, sorted_, bounds_;
  std::vector<uint8_t> raw_;
};

} // namespace lathe

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
constexpr unsigned floatBits(FloatFormat format) { return format == FloatFormat::F32 ? 32 : 16; }

/// The value of each code of at most 8 bits, and the code nearest to a value.
class ValueTable {
public:
  ValueTable() = default;
  /// `values[raw]` is what the raw bits stand for; NaN where a code is not a number and never written.
  explicit ValueTable(std::vector<float> values);

  float operator[](uint8_t raw) const { return values_[raw]; }
  /// The raw code whose value is nearest; of two equally near ones the one of the smaller magnitude.
  uint8_t nearest(float value) const;
  float largest() const { return sorted_.back().value; }
  float smallest() const { return sorted_.front().value; }
  size_t size() const { return values_.size(); }

private:
  struct Entry {
    float value;
    uint8_t raw;
  };
  std::vector<float> values_;
  std::vector<Entry> sorted_; ///< by value, each value once
};

} // namespace lathe

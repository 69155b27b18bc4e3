// The loops over weights that take the time of a compilation, as vector code; no LLVM in here.
//
// Every instruction set gives the same numbers: sums run in sixteen lanes whose order is fixed, and products
// and sums are never contracted.
#pragma once

#include "Weights/NumberFormat.h"

namespace lathe {

/// Codes that are integers: [low, high], stored with `bias` added.
struct IntegerRange {
  float low, high;
  int32_t bias;
};

/// w[i] ~ scale * q[i] + offset.
struct BlockRange {
  float scale = 0, offset = 0;
  /// 1 / scale, or 0 where that is not finite.
  float inverse() const;
};

/// Sums over a block for one candidate scale: sum(w q) / sum(q q) is the best scale for its codes, and
/// sum(w q)^2 / sum(q q) the squared norm that they explain.
struct Fit {
  float cross = 0, squares = 0;
  float explained() const { return squares > 0 ? cross * cross / squares : 0; }
};

void extremes(std::span<const float> weights, float &smallest, float &largest);
bool allFinite(std::span<const float> weights);

/// The code nearest to (w - offset) / scale of each weight.
void encodeIntegers(std::span<const float> weights, BlockRange range, IntegerRange codes, uint8_t *out);
void encodeTable(std::span<const float> weights, BlockRange range, const ValueTable &table, uint8_t *out);

/// out[i] = scale * value(code[i]) + offset.
void decodeIntegers(const uint8_t *codes, BlockRange range, int32_t bias, std::span<float> out);
void decodeTable(const uint8_t *codes, BlockRange range, const ValueTable &table, std::span<float> out);

Fit fitIntegers(std::span<const float> weights, float inverse, IntegerRange codes);
Fit fitTable(std::span<const float> weights, float inverse, const ValueTable &table);

/// The sums of a least-squares line w ~ scale * q + offset, for the codes of a candidate range.
struct LineSums {
  float q = 0, qq = 0, w = 0, wq = 0;
};
LineSums lineIntegers(std::span<const float> weights, BlockRange range, IntegerRange codes);
LineSums lineTable(std::span<const float> weights, BlockRange range, const ValueTable &table);

/// sum((w - decoded w)^2) of the nearest codes.
float errorIntegers(std::span<const float> weights, BlockRange range, IntegerRange codes);
float errorTable(std::span<const float> weights, BlockRange range, const ValueTable &table);

/// sum((a - b)^2) and sum(b^2).
void squaredSums(std::span<const float> a, std::span<const float> b, double &difference, double &norm);

/// out[i] = bits of in[i] in a float format, and back.
void encodeFloats(FloatFormat format, std::span<const float> in, uint32_t *out);
void decodeFloats(FloatFormat format, const uint32_t *in, std::span<float> out);

} // namespace lathe

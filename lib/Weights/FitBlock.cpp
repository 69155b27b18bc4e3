// The range of one block: from its extremes, or searched for the least squared error on the weights.
//
// For a symmetric code the search is llama.cpp's make_qx_quants (ggml-quants.c, MIT) in our words: each candidate scale
// gives codes q, for which sum(w q) / sum(q q) is the best scale and sum(w q)^2 / sum(q q) the squared norm it explains.
#include "Weights/Quantizer.h"

#include <algorithm>
#include <cmath>

namespace lathe {

namespace {

/// Sums over a block that decide how well a candidate does.
struct Fit {
  float cross = 0, squares = 0;
  float explained() const { return squares > 0 ? cross * cross / squares : 0; }
};

// Nearest even for |x| < 2^22, in vector code on every x86: the sum has no bits left for the fraction.
inline float roundEven(float x) { return (x + 12582912.0f) - 12582912.0f; }

constexpr int kLanes = 16;

/// Sixteen partial sums in a fixed order, so that every instruction set adds up the same.
__attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))
void fitIntegers(const float *w, int64_t count, float inverse, float low, float high, float *cross, float *squares) {
  float c[kLanes] = {}, s[kLanes] = {};
  int64_t i = 0;
  for (; i + kLanes <= count; i += kLanes)
    for (int lane = 0; lane < kLanes; ++lane) {
      float x = w[i + lane];
      float q = std::min(std::max(roundEven(x * inverse), low), high);
      c[lane] += x * q;
      s[lane] += q * q;
    }
  for (int lane = 0; i < count; ++i, ++lane) {
    float q = std::min(std::max(roundEven(w[i] * inverse), low), high);
    c[lane] += w[i] * q;
    s[lane] += q * q;
  }
  *cross = *squares = 0;
  for (int lane = 0; lane < kLanes; ++lane) {
    *cross += c[lane];
    *squares += s[lane];
  }
}

__attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))
void extremes(const float *w, int64_t count, float *smallest, float *largest) {
  float low[kLanes], high[kLanes];
  std::fill_n(low, kLanes, w[0]);
  std::fill_n(high, kLanes, w[0]);
  int64_t i = 0;
  for (; i + kLanes <= count; i += kLanes)
    for (int lane = 0; lane < kLanes; ++lane) {
      low[lane] = std::min(low[lane], w[i + lane]);
      high[lane] = std::max(high[lane], w[i + lane]);
    }
  for (; i < count; ++i) {
    low[0] = std::min(low[0], w[i]);
    high[0] = std::max(high[0], w[i]);
  }
  *smallest = *std::min_element(low, low + kLanes);
  *largest = *std::max_element(high, high + kLanes);
}

Fit fitTable(const Format &format, std::span<const float> block, float inverse) {
  double cross = 0, squares = 0;
  for (float x : block) {
    float q = format.table[format.table.nearest(x * inverse)];
    cross += double(x) * q;
    squares += double(q) * q;
  }
  return {float(cross), float(squares)};
}

Fit fitCandidate(const Format &format, std::span<const float> block, float scale) {
  if (format.codes == Format::Codes::Table) return fitTable(format, block, 1 / scale);
  Fit fit;
  fitIntegers(block.data(), int64_t(block.size()), 1 / scale, format.smallestCode(), format.largestCode(), &fit.cross,
              &fit.squares);
  return fit;
}

/// Whether the encoding of the scales can hold a negative one.
bool scaleMayBeNegative(const Format &format) {
  const Format *scale = format.scale.get();
  return scale && scale->codes == Format::Codes::Float;
}

float symmetricScale(const Format &format, std::span<const float> block, bool clip) {
  float low, high;
  extremes(block.data(), int64_t(block.size()), &low, &high);
  float largest = std::max(std::fabs(low), std::fabs(high));
  if (!(largest > 0) || !(1 / largest < INFINITY)) return 0;
  float codeHigh = format.largestCode(), codeLow = format.smallestCode();
  // Unsigned codes reach values of one sign only: the sign of the larger extreme, carried by the scale.
  bool oneSided = codeLow == 0;
  float dominant = std::fabs(low) > std::fabs(high) ? low : high;
  float plain = oneSided ? dominant / codeHigh : largest / codeHigh;
  if (!scaleMayBeNegative(format)) plain = std::fabs(plain);
  if (!clip) return plain;
  float best = plain, bestExplained = fitCandidate(format, block, plain).explained();
  auto consider = [&](float candidate) {
    Fit fit = fitCandidate(format, block, candidate);
    if (fit.explained() <= bestExplained) return;
    float refit = fit.cross / fit.squares;
    if (!std::isfinite(refit) || (refit < 0 && !scaleMayBeNegative(format))) return;
    bestExplained = fit.explained();
    best = refit;
  };
  // Codes of many bits gain nothing from a narrower range; one refit of the scale is all.
  int steps = format.bits >= 7 ? 0 : 9;
  // Two's complement has one code more below zero: put the larger extreme there, where the scale may be negative.
  bool reach = !oneSided && codeLow < -codeHigh && scaleMayBeNegative(format);
  for (int step = -steps; step <= steps; ++step)
    consider(reach ? dominant / (codeLow - 0.1f * float(step)) : plain * codeHigh / (codeHigh + 0.1f * float(step)));
  return best;
}

/// Least squares of w ~ scale * q + offset for the codes of a candidate range; the squared error it leaves.
double refit(const Format &format, std::span<const float> block, BlockRange &range) {
  double n = double(block.size()), q1 = 0, q2 = 0, w1 = 0, wq = 0, w2 = 0;
  float low = format.smallestCode(), high = format.largestCode(), inverse = 1 / range.scale;
  for (float w : block) {
    float position = (w - range.offset) * inverse;
    double q = format.codes == Format::Codes::Table ? format.table[format.table.nearest(position)]
                                                    : std::min(std::max(roundEven(position), low), high);
    q1 += q, q2 += q * q, w1 += w, wq += double(w) * q, w2 += double(w) * w;
  }
  double determinant = n * q2 - q1 * q1;
  if (determinant > 0) {
    double scale = (n * wq - q1 * w1) / determinant;
    if (scale > 0) range = {float(scale), float((w1 - scale * q1) / n)};
  }
  double a = range.scale, b = range.offset;
  return w2 - 2 * (a * wq + b * w1) + a * a * q2 + 2 * a * b * q1 + n * b * b;
}

BlockRange affineRange(const Format &format, std::span<const float> block, bool clip) {
  float low, high;
  extremes(block.data(), int64_t(block.size()), &low, &high);
  // An offset of unsigned codes below a scale (Q4_K) has one sign: zero must then lie within the range.
  const Format &offset = *format.offset;
  if (offset.codes == Format::Codes::Integer && !offset.isSigned) low = std::min(low, 0.0f);
  float span = format.largestCode() - format.smallestCode();
  if (!(high > low)) return {0, low};
  BlockRange plain{(high - low) / span, 0};
  plain.offset = low - plain.scale * format.smallestCode();
  if (!clip || !(1 / plain.scale < INFINITY)) return plain;
  BlockRange best = plain, exact = plain;
  double bestError = refit(format, block, exact);
  best = exact;
  for (int step = 1; step <= 8; ++step) {
    float shrink = 1 - 0.04f * float(step), middle = (low + high) / 2;
    BlockRange range{plain.scale * shrink, 0};
    range.offset = middle - shrink * (high - low) / 2 - range.scale * format.smallestCode();
    double error = refit(format, block, range);
    if (error < bestError) bestError = error, best = range;
  }
  return best;
}

} // namespace

float Format::smallestCode() const {
  if (codes == Codes::Table) return table.smallest();
  return isSigned ? -float(1 << (bits - 1)) : 0.0f;
}

float Format::largestCode() const {
  if (codes == Codes::Table) return table.largest();
  return isSigned ? float((1 << (bits - 1)) - 1) : float((1 << bits) - 1);
}

BlockRange fitBlock(const Format &format, std::span<const float> block, bool clip) {
  if (format.offset) return affineRange(format, block, clip);
  return {symmetricScale(format, block, clip), 0};
}

} // namespace lathe

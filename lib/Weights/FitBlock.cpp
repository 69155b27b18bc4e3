// The range of one block: from its extremes, or searched for the least squared error on the weights.
//
// For a symmetric code the search is llama.cpp's make_qx_quants (ggml-quants.c, MIT) in our words: each
// candidate scale gives codes, for which least squares gives the best scale and the squared norm that it
// explains (Fit in BlockMath.h).
#include "Weights/Quantizer.h"

#include <algorithm>
#include <cmath>

namespace lathe {

namespace {

using Block = std::span<const float>;

Fit fitCandidate(const Format &format, Block block, float scale) {
  float inverse = BlockRange{scale, 0}.inverse();
  return format.codes == Format::Codes::Table ? fitTable(block, inverse, format.table)
                                              : fitIntegers(block, inverse, format.range());
}

/// Whether the encoding of the scales can hold a negative one.
bool scaleMayBeNegative(const Format &format) {
  const Format *scale = format.scale.get();
  return scale && scale->codes == Format::Codes::Float;
}

/// What becomes of a scale or an offset when it is stored. Where it has a scale of its own, that is known
/// only when all of them are: Quantizer.cpp guards such blocks.
float stored(const Format *part, float value) {
  if (!part || part->scale || part->offset) return value;
  return part->roundTrip(value);
}

BlockRange stored(const Format &format, BlockRange range) {
  return {stored(format.scale.get(), range.scale), stored(format.offset.get(), range.offset)};
}

/// The squared error of a block with what is stored of `range`.
float errorOf(const Format &format, Block block, BlockRange range) {
  range = stored(format, range);
  return format.codes == Format::Codes::Table ? errorTable(block, range, format.table)
                                              : errorIntegers(block, range, format.range());
}

/// The scale that maps the largest magnitude to the largest code.
float plainScale(const Format &format, float low, float high) {
  float codeLow = format.smallestCode(), codeHigh = format.largestCode(), scale = 0;
  if (format.codes == Format::Codes::Table) {
    if (codeHigh > 0) scale = std::max(scale, high / codeHigh);
    if (codeLow < 0) scale = std::max(scale, low / codeLow);
  } else if (codeLow < 0) {
    // -2^(b-1) is not used, so that the scale serves both signs.
    scale = std::max(std::fabs(low), std::fabs(high)) / std::max(codeHigh, 1.0f);
  } else {
    // Unsigned codes reach values of one sign only: that of the larger extreme, carried by the scale.
    scale = (std::fabs(low) > std::fabs(high) ? low : high) / codeHigh;
    if (!scaleMayBeNegative(format)) scale = std::max(scale, 0.0f);
  }
  return std::isfinite(1 / scale) ? scale : 0;
}

/// Scales of few values (e8m0 has one a power of two) leave no room for a refit: the best of the near ones.
float bestOfCoarse(const Format &format, Block block, float plain) {
  float best = plain, bestError = errorOf(format, block, {plain, 0});
  for (float factor : {0.5f, 0.6f, 0.7f, 0.85f, 1.2f, 1.4f, 1.7f, 2.0f}) {
    float candidate = plain * factor;
    float error = errorOf(format, block, {candidate, 0});
    if (error < bestError) bestError = error, best = candidate;
  }
  return best;
}

/// How much of a block's range may be worth giving up: the fewer the codes, the more.
float narrowestShare(unsigned bits) {
  constexpr float shares[] = {0.3f, 0.3f, 0.4f, 0.58f, 0.72f, 0.8f, 0.86f};
  return bits < std::size(shares) ? shares[bits] : 0.9f;
}

float searchScale(const Format &format, Block block, float low, float high, float plain) {
  if (format.scale && format.scale->codes == Format::Codes::Table) return bestOfCoarse(format, block, plain);
  float best = plain, bestExplained = 0;
  auto consider = [&](float candidate) {
    Fit fit = fitCandidate(format, block, candidate);
    if (!(fit.explained() > bestExplained)) return;
    float refit = fit.cross / fit.squares;
    if (!std::isfinite(1 / refit) || (refit < 0 && !scaleMayBeNegative(format))) return;
    bestExplained = fit.explained();
    best = refit;
  };
  consider(plain);
  // Codes of many bits gain nothing from a narrower range; that one refit of the scale is all.
  if (format.bits >= 7) return best;
  // Two's complement has one code more below zero: put the larger extreme there, where the scale may be
  // negative.
  float codeLow = format.smallestCode(), codeHigh = format.largestCode();
  bool reach = codeLow < 0 && codeLow < -codeHigh && scaleMayBeNegative(format);
  float widest = reach ? (std::fabs(low) > std::fabs(high) ? low : high) / codeLow : plain;
  constexpr int kSteps = 18;
  float narrow = narrowestShare(format.bits), wide = 1.12f;
  for (int step = 0; step <= kSteps; ++step)
    consider(widest * (narrow + (wide - narrow) * float(step) / kSteps));
  return best;
}

BlockRange symmetricRange(const Format &format, Block block, float low, float high, bool clip) {
  BlockRange plain{plainScale(format, low, high), 0};
  if (!clip || plain.scale == 0) return plain;
  BlockRange searched{searchScale(format, block, low, high, plain.scale), 0};
  // The search looks at unrounded scales; what counts is what is stored.
  return errorOf(format, block, searched) < errorOf(format, block, plain) ? searched : plain;
}

/// Least squares of w ~ scale * q + offset for the codes of a candidate range.
BlockRange refit(const Format &format, Block block, BlockRange range) {
  LineSums sums = format.codes == Format::Codes::Table ? lineTable(block, range, format.table)
                                                       : lineIntegers(block, range, format.range());
  double n = double(block.size()), determinant = n * sums.qq - double(sums.q) * sums.q;
  if (!(determinant > 0)) return range;
  double scale = (n * sums.wq - double(sums.q) * sums.w) / determinant;
  if (!(scale > 0)) return range;
  return {float(scale), float((sums.w - scale * sums.q) / n)};
}

BlockRange affineRange(const Format &format, Block block, float low, float high, bool clip) {
  // Offsets of unsigned codes below a scale (Q4_K) have one sign: zero must then lie within the range.
  const Format &offset = *format.offset;
  if (offset.codes == Format::Codes::Integer && !offset.isSigned) low = std::min(low, 0.0f);
  float codeLow = format.smallestCode(), span = format.largestCode() - codeLow;
  BlockRange plain{high / span - low / span, 0};
  if (!(span > 0) || !std::isfinite(1 / plain.scale)) return {0, low};
  plain.offset = low - plain.scale * codeLow;
  if (!clip) return plain;
  BlockRange best = plain;
  float bestError = errorOf(format, block, plain);
  constexpr int kSteps = 8;
  for (int step = 0; step <= kSteps; ++step) {
    float shrink = 1 - (1 - narrowestShare(format.bits)) * float(step) / kSteps, middle = low / 2 + high / 2;
    BlockRange range{plain.scale * shrink, 0};
    range.offset = middle - shrink * (high / 2 - low / 2) - range.scale * codeLow;
    range = refit(format, block, range);
    float error = errorOf(format, block, range);
    if (error < bestError) bestError = error, best = range;
  }
  return best;
}

} // namespace

BlockRange fitBlock(const Format &format, Block block, bool clip) {
  float low, high;
  extremes(block, low, high);
  if (!format.scale) return {1, low - format.smallestCode()};
  // Wide floats are exact enough at any scale: their codes lie in [-1, 1].
  if (format.codes == Format::Codes::Float)
    return format.offset ? BlockRange{high / 2 - low / 2, high / 2 + low / 2}
                         : BlockRange{std::max(-low, high), 0};
  return format.offset ? affineRange(format, block, low, high, clip)
                       : symmetricRange(format, block, low, high, clip);
}

} // namespace lathe

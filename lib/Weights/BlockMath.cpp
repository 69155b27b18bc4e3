#include "Weights/BlockMath.h"

#include "Weights/VectorClones.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#define LATHE_INLINE __attribute__((always_inline))

namespace lathe {

namespace {

constexpr size_t kLanes = 16;
typedef float Lanes __attribute__((vector_size(kLanes * sizeof(float))));
typedef int32_t IntLanes __attribute__((vector_size(kLanes * sizeof(int32_t))));
typedef double DoubleLanes __attribute__((vector_size(kLanes * sizeof(double))));

// Vectors are passed by reference: by value, their calling convention depends on the instruction set.

/// Nearest even for |x| < 2^22: the sum has no bits left for the fraction. What is larger is clamped anyway.
LATHE_INLINE inline void roundEven(Lanes &x) {
  x += 12582912.0f;
  x -= 12582912.0f;
}

LATHE_INLINE inline void load(Lanes &lanes, const float *from) { std::memcpy(&lanes, from, sizeof(Lanes)); }

/// body(x, mask) for sixteen weights at a time; at the end, lanes past the last weight are 0, as is their
/// mask.
template <typename Body> LATHE_INLINE inline void forLanes(std::span<const float> weights, Body body) {
  Lanes x, mask = Lanes{} + 1.0f;
  size_t i = 0;
  for (; i + kLanes <= weights.size(); i += kLanes) {
    load(x, weights.data() + i);
    body(x, mask);
  }
  if (i == weights.size()) return;
  x = mask = Lanes{};
  for (size_t lane = 0; i < weights.size(); ++i, ++lane) x[lane] = weights[i], mask[lane] = 1;
  body(x, mask);
}

/// Halves added to halves, always the same ones.
LATHE_INLINE inline float sum(const Lanes &lanes) {
  typedef float Eight __attribute__((vector_size(32)));
  typedef float Four __attribute__((vector_size(16)));
  Eight eight = __builtin_shufflevector(lanes, lanes, 0, 1, 2, 3, 4, 5, 6, 7) +
                __builtin_shufflevector(lanes, lanes, 8, 9, 10, 11, 12, 13, 14, 15);
  Four four =
      __builtin_shufflevector(eight, eight, 0, 1, 2, 3) + __builtin_shufflevector(eight, eight, 4, 5, 6, 7);
  return (four[0] + four[2]) + (four[1] + four[3]);
}

/// Positions in code space to the nearest integer code.
struct IntegerRounder {
  IntegerRange codes;
  LATHE_INLINE void operator()(Lanes &x) const {
    Lanes low = Lanes{} + codes.low, high = Lanes{} + codes.high;
    roundEven(x);
    x = x > low ? x : low;
    x = x < high ? x : high;
  }
};

/// Positions in code space to the nearest entry of a table: blends for a few entries, a search for many.
struct TableRounder {
  const ValueTable &table;
  LATHE_INLINE void operator()(Lanes &x) const {
    std::span<const float> bounds = table.bounds(), values = table.sorted();
    if (values.size() > kLanes) {
      for (size_t lane = 0; lane < kLanes; ++lane) x[lane] = table[table.nearest(x[lane])];
      return;
    }
    Lanes q = Lanes{} + values[0];
    for (size_t i = 0; i < bounds.size(); ++i) q = x > bounds[i] ? Lanes{} + values[i + 1] : q;
    x = q;
  }
};

template <typename Rounder>
LATHE_INLINE inline Fit fit(std::span<const float> weights, float inverse, const Rounder &round) {
  Lanes cross{}, squares{};
  forLanes(weights, [&](const Lanes &w, const Lanes &mask) LATHE_INLINE {
    Lanes q = w * inverse;
    round(q);
    q *= mask;
    cross += w * q;
    squares += q * q;
  });
  return {sum(cross), sum(squares)};
}

template <typename Rounder>
LATHE_INLINE inline LineSums line(std::span<const float> weights, BlockRange range, const Rounder &round) {
  float inverse = range.inverse();
  Lanes q1{}, q2{}, w1{}, wq{};
  forLanes(weights, [&](const Lanes &w, const Lanes &mask) LATHE_INLINE {
    Lanes q = (w - range.offset) * inverse;
    round(q);
    q *= mask;
    q1 += q;
    q2 += q * q;
    w1 += w;
    wq += w * q;
  });
  return {sum(q1), sum(q2), sum(w1), sum(wq)};
}

template <typename Rounder>
LATHE_INLINE inline float error(std::span<const float> weights, BlockRange range, const Rounder &round) {
  float inverse = range.inverse();
  Lanes total{};
  forLanes(weights, [&](const Lanes &w, const Lanes &mask) LATHE_INLINE {
    Lanes q = (w - range.offset) * inverse;
    round(q);
    Lanes difference = (w - (q * range.scale + range.offset)) * mask;
    total += difference * difference;
  });
  return sum(total);
}

} // namespace

float BlockRange::inverse() const {
  float result = scale != 0 ? 1 / scale : 0;
  return std::isfinite(result) ? result : 0;
}

LATHE_VECTOR_CLONES void extremes(std::span<const float> weights, float &smallest, float &largest) {
  Lanes low = Lanes{} + weights[0], high = low;
  forLanes(weights, [&](const Lanes &w, const Lanes &mask) LATHE_INLINE {
    Lanes x = mask != 0 ? w : Lanes{} + weights[0];
    low = x < low ? x : low;
    high = x > high ? x : high;
  });
  smallest = low[0], largest = high[0];
  for (size_t lane = 1; lane < kLanes; ++lane) {
    smallest = std::min(smallest, low[lane]);
    largest = std::max(largest, high[lane]);
  }
}

LATHE_VECTOR_CLONES bool allFinite(std::span<const float> weights) {
  IntLanes bad{};
  forLanes(weights, [&](const Lanes &w, const Lanes &) LATHE_INLINE { bad |= w - w != 0; });
  int32_t any = 0;
  for (size_t lane = 0; lane < kLanes; ++lane) any |= bad[lane];
  return any == 0;
}

LATHE_VECTOR_CLONES void encodeIntegers(std::span<const float> weights, BlockRange range, IntegerRange codes,
                                        uint8_t *out) {
  float inverse = range.inverse();
  const float *in = weights.data();
  for (size_t i = 0; i < weights.size(); ++i) {
    float position = (in[i] - range.offset) * inverse;
    float q = (position + 12582912.0f) - 12582912.0f;
    q = q > codes.low ? q : codes.low;
    q = q < codes.high ? q : codes.high;
    out[i] = static_cast<uint8_t>(static_cast<int32_t>(q) + codes.bias);
  }
}

LATHE_VECTOR_CLONES void encodeTable(std::span<const float> weights, BlockRange range,
                                     const ValueTable &table, uint8_t *out) {
  float inverse = range.inverse();
  std::span<const float> bounds = table.bounds();
  if (bounds.size() >= kLanes) {
    for (size_t i = 0; i < weights.size(); ++i) out[i] = table.nearest((weights[i] - range.offset) * inverse);
    return;
  }
  size_t i = 0;
  forLanes(weights, [&](const Lanes &w, const Lanes &) LATHE_INLINE {
    Lanes x = (w - range.offset) * inverse;
    IntLanes index{};
    for (float bound : bounds) index -= x > bound;
    for (size_t lane = 0; lane < kLanes && i < weights.size(); ++lane, ++i) out[i] = table.rawOf(index[lane]);
  });
}

LATHE_VECTOR_CLONES void decodeIntegers(const uint8_t *codes, BlockRange range, int32_t bias,
                                        std::span<float> out) {
  float *to = out.data();
  for (size_t i = 0; i < out.size(); ++i)
    to[i] = range.scale * static_cast<float>(static_cast<int32_t>(codes[i]) - bias) + range.offset;
}

LATHE_VECTOR_CLONES void decodeTable(const uint8_t *codes, BlockRange range, const ValueTable &table,
                                     std::span<float> out) {
  const float *values = table.values().data();
  float *to = out.data();
  for (size_t i = 0; i < out.size(); ++i) to[i] = range.scale * values[codes[i]] + range.offset;
}

LATHE_VECTOR_CLONES Fit fitIntegers(std::span<const float> weights, float inverse, IntegerRange codes) {
  return fit(weights, inverse, IntegerRounder{codes});
}

LATHE_VECTOR_CLONES Fit fitTable(std::span<const float> weights, float inverse, const ValueTable &table) {
  return fit(weights, inverse, TableRounder{table});
}

LATHE_VECTOR_CLONES LineSums lineIntegers(std::span<const float> weights, BlockRange range,
                                          IntegerRange codes) {
  return line(weights, range, IntegerRounder{codes});
}

LATHE_VECTOR_CLONES LineSums lineTable(std::span<const float> weights, BlockRange range,
                                       const ValueTable &table) {
  return line(weights, range, TableRounder{table});
}

LATHE_VECTOR_CLONES float errorIntegers(std::span<const float> weights, BlockRange range,
                                        IntegerRange codes) {
  return error(weights, range, IntegerRounder{codes});
}

LATHE_VECTOR_CLONES float errorTable(std::span<const float> weights, BlockRange range,
                                     const ValueTable &table) {
  return error(weights, range, TableRounder{table});
}

LATHE_VECTOR_CLONES void squaredSums(std::span<const float> a, std::span<const float> b, double &difference,
                                     double &norm) {
  DoubleLanes differences{}, norms{};
  const float *given = b.data();
  size_t i = 0;
  forLanes(a, [&](const Lanes &stored, const Lanes &) LATHE_INLINE {
    Lanes reference{};
    if (i + kLanes <= b.size())
      load(reference, given + i);
    else
      for (size_t lane = 0; i + lane < b.size(); ++lane) reference[lane] = given[i + lane];
    i += kLanes;
    DoubleLanes r = __builtin_convertvector(reference, DoubleLanes);
    DoubleLanes d = __builtin_convertvector(stored, DoubleLanes) - r;
    differences += d * d;
    norms += r * r;
  });
  difference = norm = 0;
  for (size_t lane = 0; lane < kLanes; ++lane) difference += differences[lane], norm += norms[lane];
}

void encodeFloats(FloatFormat format, std::span<const float> in, uint32_t *out) {
  if (format == FloatFormat::F32) return void(std::memcpy(out, in.data(), in.size_bytes()));
  for (size_t i = 0; i < in.size(); ++i) out[i] = encodeFloat(format, in[i]);
}

void decodeFloats(FloatFormat format, const uint32_t *in, std::span<float> out) {
  if (format == FloatFormat::F32) return void(std::memcpy(out.data(), in, out.size_bytes()));
  for (size_t i = 0; i < out.size(); ++i) out[i] = decodeFloat(format, in[i]);
}

} // namespace lathe

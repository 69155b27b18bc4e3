// Random weights in any encoding, packed by lib/Weights, beside the dense matrix that they mean.
#pragma once

#include "KernelHarness.h"

#include "Weights/Quantizer.h"

namespace lathe::test {

/// `encoding` as it stands in a weight's type: "f32", "<si4, block 1x64, scale <f16>>".
struct PackedWeights {
  PackedWeights(int64_t rows, int64_t columns, const std::string &encoding, unsigned seed);

  /// The text of its type, packed.
  std::string type() const { return typeText(rows, columns, encoding); }
  static std::string typeText(int64_t rows, int64_t columns, const std::string &encoding);

  int64_t rows, columns;
  std::string encoding;
  Encoded codes;                      ///< as lib/Weights rounds it
  int32_t bias = 0;                   ///< of stored integer codes
  std::vector<float> dense;           ///< what the codes mean
  std::vector<float> scales, offsets; ///< one a block; empty where there are none
  Buffer<uint8_t> bytes;              ///< as a kernel reads them; a page that follows may not be touched
};

} // namespace lathe::test

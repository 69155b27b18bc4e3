// Dynamically quantized rows as they lie in the arena.
#pragma once

#include "KernelHarness.h"

#include "Exec/ExecDialect.h"

#include <cstring>

namespace lathe::test {

struct QuantizedInput {
  /// Rows of zeros, for a kernel to write.
  QuantizedInput(int64_t rows, int64_t columns, int64_t group)
      : stride(exec::SliceType::packedStride(columns, {}, group)), group(group),
        groups((columns + group - 1) / group), scalesAt(exec::SliceType::paddedColumns(columns, group)),
        bytes(size_t(rows * stride)) {}

  /// Random codes, the largest ones among them, and scales.
  QuantizedInput(int64_t rows, int64_t columns, int64_t group, unsigned seed)
      : QuantizedInput(rows, columns, group) {
    Buffer<float> random = randomFloats(size_t(rows * columns), seed);
    for (int64_t m = 0; m < rows; ++m)
      for (int64_t g = 0; g < groups; ++g) {
        int32_t sum = 0;
        for (int64_t k = g * group; k < std::min(columns, (g + 1) * group); ++k) {
          int code = k % 5 == 0 ? (m + k) % 2 ? 127 : -127 : int(random[size_t(m * columns + k)] * 127);
          bytes[size_t(m * stride + k)] = uint8_t(code);
          sum += code;
        }
        float scale = (random[size_t(m * columns + g)] + 1.5f) / 100;
        std::memcpy(bytes.data() + m * stride + scalesAt + 4 * g, &scale, 4);
        std::memcpy(bytes.data() + m * stride + scalesAt + 4 * (groups + g), &sum, 4);
      }
  }

  int8_t code(int64_t m, int64_t k) const { return int8_t(bytes[size_t(m * stride + k)]); }
  float scale(int64_t m, int64_t g) const { return read<float>(m, g); }
  int32_t sum(int64_t m, int64_t g) const { return read<int32_t>(m, groups + g); }

  int64_t stride, group, groups, scalesAt;
  Buffer<uint8_t> bytes;

private:
  template <typename T> T read(int64_t m, int64_t index) const {
    T value;
    std::memcpy(&value, bytes.data() + m * stride + scalesAt + 4 * index, 4);
    return value;
  }
};

} // namespace lathe::test

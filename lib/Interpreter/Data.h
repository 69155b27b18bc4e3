// What flows between ops in the interpreter: plain vectors, row-major.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

namespace lathe::interpreter {

/// M rows of `columns` features.
struct Rows {
  int64_t rows = 0, columns = 0;
  std::vector<float> values;

  Rows() = default;
  Rows(int64_t rows, int64_t columns) : rows(rows), columns(columns), values(rows * columns) {}
  float *row(int64_t m) { return values.data() + m * columns; }
  const float *row(int64_t m) const { return values.data() + m * columns; }
};

/// One integer a row.
using Indices = std::vector<int32_t>;

/// Rows as `#lathe.quantized_rows<group>` has them.
struct QuantizedRows {
  int64_t rows = 0, columns = 0, group = 0;
  std::vector<int8_t> codes; ///< [rows, columns]
  std::vector<float> scales; ///< [rows, groups]
  std::vector<int32_t> sums; ///< [rows, groups]: of the codes
  int64_t groups() const { return (columns + group - 1) / group; }
};

/// What a weight expression means, W[rows, columns] (one row for a vector), and its parts where it is stored
/// as codes: W[n, k] = scale[n / blockRows, k / blockColumns] * codes[n, k] + offset[n / blockRows, k /
/// blockColumns].
struct Weight {
  int64_t rows = 0, columns = 0;
  std::vector<float> values;

  // Empty unless the encoding has integer codes.
  std::vector<int32_t> codes;
  int64_t blockRows = 0, blockColumns = 0;
  std::vector<float> scales, offsets; ///< empty where there are none

  Weight() = default;
  Weight(int64_t rows, int64_t columns) : rows(rows), columns(columns), values(rows * columns) {}
  float at(int64_t n, int64_t k) const { return values[n * columns + k]; }
  int64_t block(int64_t n, int64_t k) const {
    return n / blockRows * ((columns + blockColumns - 1) / blockColumns) + k / blockColumns;
  }
};

/// What a row's draw asks of its logits.
struct Draw {
  float temperature = 1, penalty = 1;
  Indices penalized;              ///< the history's tokens, each once
  std::optional<Indices> allowed; ///< nothing: all tokens
};

/// The rows of one call. Rows of one slot stand together, at consecutive positions.
struct Batch {
  Indices tokens, positions, slots;
  std::vector<int64_t> outputs; ///< the rows that want logits, ascending
  std::vector<Draw> draws;      ///< one an output; none: the default for all

  /// `tokens` of one slot from `position` on; all rows are outputs.
  static Batch sequence(const Indices &tokens, int32_t position = 0, int32_t slot = 0);
  int64_t size() const { return tokens.size(); }
};

} // namespace lathe::interpreter

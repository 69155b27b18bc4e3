// Rounds matrices to an encoding; no LLVM in here. What an encoding means is said in
// dialects/Lathe/LatheAttrs.td.
#pragma once

#include "Weights/BlockMath.h"
#include "Weights/NumberFormat.h"

#include <memory>

namespace lathe {

/// An encoding as the quantizer sees it.
struct Format {
  enum class Codes : uint8_t { Integer, Table, Float };
  Codes codes = Codes::Float;
  FloatFormat floatFormat = FloatFormat::F32; ///< Float
  unsigned bits = 32;                         ///< of one code
  bool isSigned = false;                      ///< Integer
  bool bitmap = false;                        ///< codes of value zero are not stored
  ValueTable table;                           ///< Table: lookup tables and floats of at most 8 bits
  int64_t blockRows = 0, blockColumns = 0;    ///< 0: the whole dimension
  std::shared_ptr<Format> scale, offset;

  /// Integer and Table: the values that codes reach.
  float smallestCode() const;
  float largestCode() const;
  /// What is added to an integer code before it is stored, so that stored codes are unsigned.
  int32_t bias() const { return codes == Codes::Integer && isSigned ? 1 << (bits - 1) : 0; }
  IntegerRange range() const { return {smallestCode(), largestCode(), bias()}; }
  /// The number that a value becomes where there is neither a scale nor an offset; finite for finite ones.
  float roundTrip(float value) const;
};

/// The fewest rows of a matrix of `rows` that can be quantized without knowing the others; all of them where
/// a block spans the matrix.
int64_t independentRows(const Format &format, int64_t rows);

/// A quantized matrix. `codes` are stored codes (integers biased, floats as bits), row-major.
struct Encoded {
  int64_t rows = 0, columns = 0;
  int64_t blockRows = 1, blockColumns = 1;
  std::vector<uint8_t> codes; ///< codes of at most 8 bits
  std::vector<uint32_t> wide; ///< wider ones
  std::unique_ptr<Encoded> scale, offset;
};

/// `clip`: whether the range of each block is searched for the least squared error, or just spans its values;
/// the search is never worse than that, in any independent rows. Symmetric without an offset, affine with
/// one. `weights` is rows x columns, row-major, finite; `rows` is a multiple of independentRows(), or the end
/// of a matrix.
Encoded quantize(const Format &format, std::span<const float> weights, int64_t rows, int64_t columns,
                 bool clip);

/// The matrix that an encoding means; `out` has rows x columns elements.
void dequantize(const Format &format, const Encoded &encoded, std::span<float> out);

/// The scale, and the offset where the format has one, that fit one block best.
BlockRange fitBlock(const Format &format, std::span<const float> block, bool clip);

} // namespace lathe

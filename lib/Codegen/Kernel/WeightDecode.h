// Numbers from a packed weight, decoded in registers: lanes are rows of a panel (for products), or
// neighbouring columns of one row (for row gathers). Any encoding: what is fast for one of them lies in the
// linear kernels.
#pragma once

#include "Codegen/Kernel/KernelContext.h"
#include "Lathe/PackedLayout.h"

#include <functional>

namespace lathe {

/// Neighbouring rows of one panel: `panel * 64 + lane` and those behind it, as many as a register has f32
/// lanes.
struct PanelLanes {
  mlir::Value panel; ///< i64
  mlir::Value lane;  ///< i64, a multiple of the number of lanes
};

class WeightDecode;

/// The numbers of some columns of a packed matrix before scale and offset; lanes are rows.
class NumberChunk {
public:
  using Value = mlir::Value;
  /// Columns from `first` on, a multiple of WeightDecode::chunkColumns(). A unit is loaded once and kept.
  NumberChunk(KernelContext &context, WeightDecode &decode, PanelLanes rows, Value first)
      : context(context), decode(decode), rows(rows), first(first) {}

  /// Loads the units of `columns` columns in codes of at most 8 bits, so that they are on their way together.
  void load(int64_t columns);
  /// vector<lanes x f32> of column first + i.
  Value number(int64_t i);
  /// Codes of at most 8 bits of the columns from first + 4 * i on, a byte each: vector<lanes x i32>.
  Value quad(int64_t i);

private:
  KernelContext &context;
  WeightDecode &decode;
  PanelLanes rows;
  Value first;
  llvm::DenseMap<std::pair<size_t, int64_t>, Value> units;

  Value unit(size_t plane, int64_t number);
  Value code(int64_t i);
};

/// A packed matrix at an address. All results are f32: scale * number + offset, level by level.
class WeightDecode {
public:
  using Value = mlir::Value;
  using EachColumn = llvm::function_ref<void(int64_t index, Value values)>;

  WeightDecode(KernelContext &context, WeightType type, Value base);

  const PackedMatrix &layout() const { return matrix; }
  /// Where a kernel has put a bitmap's codes in their places. Lanes of the panel that is decoded, from `lane` on:
  /// of codes of at most 8 bits the words (i32) of columns 4 * index to 4 * index + 3, a byte each; of wider ones
  /// the numbers (f32) of column `index`.
  using ExpandedCodes = std::function<Value(Value index, Value lane)>;
  void setExpanded(ExpandedCodes codes);
  /// How the codes are ordered that are decoded: neither is of a bitmap.
  PackedOrder codesOrder() const { return order; }
  llvm::ArrayRef<PackedPlane> codePlanes() const { return planes; }
  /// Columns that decodeColumns takes at a time, so that no unit of a code plane is cut: 1 to 32.
  int64_t chunkColumns() const;
  /// W[lanes, first + i] for i < count <= chunkColumns(); `first` is a multiple of chunkColumns().
  void decodeColumns(PanelLanes lanes, Value first, int64_t count, EachColumn each);
  NumberChunk chunk(PanelLanes lanes, Value first) {
    return NumberChunk(context, *this, lanes, first);
  }
  /// Scale and offset of block column `block` for these rows: vector<lanes x f32>, null where there is none.
  Value scaleLanes(PanelLanes lanes, Value block) {
    return partLanes(matrix, matrix.scale.get(), lanes, block);
  }
  Value offsetLanes(PanelLanes lanes, Value block) {
    return partLanes(matrix, matrix.offset.get(), lanes, block);
  }
  /// W[row, column + i] for i < width: vector<width x f32>. `aligned`: column is a multiple of width.
  Value decodeRow(Value row, Value column, int64_t width, bool aligned);

  /// First byte of `panel` in a plane of the matrix or of one of its parts, in an order of panels.
  Value panelPointer(const PackedMatrix &of, const PackedPlane &plane, Value panel);

private:
  KernelContext &context;
  PackedMatrix matrix;
  Value base;
  PackedOrder order;
  llvm::SmallVector<PackedPlane, 3> planes;
  ExpandedCodes expanded; ///< empty where the weight is read as it is stored
  friend class NumberChunk;

  int64_t lanes() const { return context.panelLanes(); }
  Value partLanes(const PackedMatrix &whole, const PackedMatrix *part, PanelLanes lanes, Value block);
  Value sharedLanes(const PackedMatrix &whole, const PackedMatrix &part, PanelLanes rows, Value column);
  /// vector<1 x f32>.
  Value element(const PackedMatrix &of, Value row, Value column);
  Value codeElement(const PackedMatrix &of, Value row, Value column);
  Value rowQuads(Value row, Value column, int64_t width);
  Value applyParts(const PackedMatrix &of, Value number, Value scale, Value offset);
};

/// The numbers that stored codes of at most 8 bits (vector<n x i32>, below 2^bits) stand for: vector<n x
/// f32>.
mlir::Value codeNumbers(KernelContext &context, EncodingAttr encoding, mlir::Value codes);

/// Whether the lanes of one register hold the numbers of all codes, so that a permutation gives them.
bool arePermuted(KernelContext &context, EncodingAttr encoding);
/// Those numbers, by the low bits of vector<lanes x i32>; what stands above does not matter.
mlir::Value permutedNumbers(KernelContext &context, EncodingAttr encoding, mlir::Value codes);

/// Integer arithmetic on vectors of i32 with one constant.
mlir::Value shiftRight(KernelContext &context, mlir::Value vector, int64_t bits);
mlir::Value shiftLeft(KernelContext &context, mlir::Value vector, int64_t bits);
mlir::Value shiftRightSigned(KernelContext &context, mlir::Value vector, int64_t bits);
mlir::Value maskBits(KernelContext &context, mlir::Value vector, uint32_t mask);
mlir::Value flipBits(KernelContext &context, mlir::Value vector, uint32_t bits);

} // namespace lathe

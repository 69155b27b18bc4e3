// Numbers from a packed weight, decoded in registers: lanes are rows of a panel (for products), or
// neighbouring columns of one row (for row gathers). Any encoding: what is fast for one of them lies in the
// linear kernels.
#pragma once

#include "Codegen/CPU/KernelContext.h"
#include "Lathe/PackedLayout.h"

namespace lathe {

/// Neighbouring rows of one panel: `panel * 64 + lane` and those behind it, as many as a register has f32
/// lanes.
struct PanelLanes {
  mlir::Value panel; ///< i64
  mlir::Value lane;  ///< i64, a multiple of the number of lanes
};

/// A packed matrix at an address. All results are f32: scale * number + offset, level by level.
class WeightDecode {
public:
  using Value = mlir::Value;
  using EachColumn = llvm::function_ref<void(int64_t index, Value values)>;

  WeightDecode(KernelContext &context, WeightType type, Value base);

  const PackedMatrix &layout() const { return matrix; }
  /// Columns that decodeColumns takes at a time, so that no unit of a code plane is cut: 1 to 32.
  int64_t chunkColumns() const;
  /// W[lanes, first + i] for i < count <= chunkColumns(); `first` is a multiple of chunkColumns().
  void decodeColumns(PanelLanes lanes, Value first, int64_t count, EachColumn each);
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

  int64_t lanes() const { return context.variant.f32Lanes(); }
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

/// Integer arithmetic on vectors of i32 with one constant.
mlir::Value shiftRight(KernelContext &context, mlir::Value vector, int64_t bits);
mlir::Value shiftLeft(KernelContext &context, mlir::Value vector, int64_t bits);
mlir::Value maskBits(KernelContext &context, mlir::Value vector, uint32_t mask);

} // namespace lathe

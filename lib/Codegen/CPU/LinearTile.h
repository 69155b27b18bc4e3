// Products of one panel of weights with some rows, tile by tile: what the two arithmetics of a linear share.
#pragma once

#include "Codegen/CPU/CpuContext.h"
#include "Codegen/CPU/LinearPlan.h"
#include "Codegen/Kernel/FusedRegion.h"

namespace lathe {

/// One work item while it is emitted.
struct LinearItem {
  CpuContext &on;
  FusedRegion &region;
  const LinearPlan &plan;
  mlir::Value panel;    ///< i64
  mlir::Value firstRow; ///< i64, of the kernel's domain
  mlir::Value rows;     ///< i64, 1 to plan.itemRows

  /// The 64 sums of row `row` (of the item) for weight number `weight`.
  mlir::Value sums(int64_t weight, mlir::Value row) const;
  mlir::Value weightPointer(int64_t weight) const;
  mlir::Value staged() const { return on.offset(on.scratch, plan.stagedOffset()); }
  mlir::Value expanded() const { return on.offset(on.scratch, plan.expandedOffset()); }
  /// Stored rows of x: [first, first + count) of the item, the last one repeated behind the item's end.
  llvm::SmallVector<mlir::Value> inputRows(mlir::Value first, int64_t count) const;
};

/// Rows and register-wide vectors of outputs that are summed up at a time. What is read is a matter of the
/// variant.
struct TileShape {
  int64_t rows, vectors;
};

/// Calls `tile` for all tiles of the item: the first row (of the item), and the first lane of the panel.
void forTiles(const LinearItem &item, TileShape shape,
              llvm::function_ref<void(mlir::Value row, mlir::Value lane)> tile);

/// The sums of a tile, row by row: zero, or what earlier passes have left in scratch.
llvm::SmallVector<mlir::Value> loadSums(const LinearItem &item, int64_t weight, TileShape shape,
                                        mlir::Value row, mlir::Value lane);
void storeSums(const LinearItem &item, int64_t weight, TileShape shape, mlir::Value row, mlir::Value lane,
               mlir::ValueRange sums);
/// Where there are several passes: zero in scratch before the first.
void clearSums(const LinearItem &item, int64_t weight);

/// Calls `pass` for [first, end) of `count` columns or groups, `step` of them at a time (all where `step` is no
/// less). What a pass gives is handed to the next, beginning with `initial`; null where there is nothing.
void forPasses(CpuContext &context, int64_t count, int64_t step, mlir::Value initial,
               llvm::function_ref<mlir::Value(mlir::Value first, mlir::Value end, mlir::Value handed)> pass);

/// All sums of the item, for every weight: f32 activations times any encoding, or quantized rows times
/// integer codes.
void emitFloatProducts(const LinearItem &item);
void emitIntegerProducts(const LinearItem &item);

} // namespace lathe

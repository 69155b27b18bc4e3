// What four warps multiply together on devices of compute capability 9.0: both operands are read from
// work-group memory (PTX ISA, "Asynchronous warpgroup-level matrix instructions").
#pragma once

#include "Codegen/GPU/MatrixUnits.h"

namespace lathe {

/// One product of four warps: D (64 x 64) = A (64 x 8 words) B (8 words x 64) + C. A's rows and B's columns
/// lie in work-group memory as lines of 32, 64 or 128 bytes, eight of which begin at a multiple of eight
/// lines; in each, its pieces of 16 bytes change places (TensorStages::swizzled). Bytes are signed on both
/// sides. Of C and D each warp has 16 rows, as eight tiles side by side (MatrixTile).
struct WarpgroupTile {
  static constexpr int64_t kRows = 64, kColumns = 64, kSums = 32;
};

/// Where a matrix lies that begins at `address`, the first of its words (PTX ISA, "Matrix descriptor
/// format"): i64.
mlir::Value describeMatrix(GpuContext &on, mlir::Value address, int64_t lineBytes);

/// A and B of one product, as described.
struct WarpgroupOperands {
  mlir::Value rows, columns;
};

/// `sums`, or zeros where there are none, and the products: kSums values of each thread, [tile][4]. They are
/// there when this is done.
llvm::SmallVector<mlir::Value> multiplyWarpgroup(GpuContext &on, TileNumbers numbers,
                                                 llvm::ArrayRef<WarpgroupOperands> products,
                                                 mlir::ValueRange sums);

/// Behind a thread's stores and awaited copies and in front of a barrier: without it the units may read what
/// was there before.
void showToWarpgroup(GpuContext &on);

} // namespace lathe

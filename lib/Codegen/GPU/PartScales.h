// Many rows on matrix units: what turns the sums of a part's products into parts of the results.
#pragma once

#include "Codegen/GPU/TensorStages.h"

namespace lathe {

/// Where a thread stands among the sums that matrix units leave in its warp.
struct TensorLane {
  mlir::Value warpRow, warpLine; ///< the warp's first row of x, and its first line of weights
  mlir::Value row;               ///< in a tile of A and C, the first of its two (MatrixTile)
  mlir::Value word;              ///< of A and B, the first of its two
  mlir::Value column;            ///< of C, the first of its two
};

class PartScales {
public:
  using Value = mlir::Value;
  PartScales(GpuContext &on, const TensorTile &tile, TensorStages &stages, const TensorLane &at, Value number,
             int64_t part);

  /// What offsets are multiplied with, of float rows: x, summed up by a product with ones. `rows` are all of
  /// the part's: [depth][tile of rows].
  void sumInput(llvm::ArrayRef<llvm::SmallVector<TileRows>> rows);

  /// Scales and offsets of this lane's two lines of a tile.
  void load(int64_t weight, int64_t outputTile);
  /// Where the sums of a tile begin; `sums` are those of all parts before.
  TileSums start(int64_t rowTile, llvm::ArrayRef<Value> sums) const;
  void add(int64_t rowTile, TileSums dots, llvm::MutableArrayRef<Value> sums) const;

private:
  GpuContext &on;
  const TensorTile &tile;
  TensorStages &stages;
  const TensorLane &at;
  Value number;
  int64_t part;
  std::array<Value, 2> scale, offset;
  // Of this lane's rows, two in each tile:
  llvm::SmallVector<Value> inputScales; ///< of integer rows
  llvm::SmallVector<Value> inputSums;   ///< f32, of codes or numbers of x
  llvm::SmallVector<Value> starts;      ///< i32: what takes the codes' bias out

  void loadInput(int64_t rowTile);
  Value scaled(Value factor, int64_t rowTile, int64_t i) const;
  Value asFloat(Value number) const;
};

} // namespace lathe

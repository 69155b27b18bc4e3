// Many rows on matrix units: four warps multiply a panel of outputs by some rows of x, stage by stage of
// columns. While one stage is multiplied, the next one comes. Sums stay in registers to the end.
#pragma once

#include "Codegen/GPU/PartScales.h"

namespace lathe {

class TensorRows {
public:
  using Value = mlir::Value;
  TensorRows(const LinearGroup &group, const TensorTile &tile);
  virtual ~TensorRows() = default;

  /// Leaves all results in the group's memory, with a barrier behind.
  void run();

protected:
  const LinearGroup &group;
  GpuContext &on;
  const TensorTile &tile;
  TensorStages stages;
  TensorLane at;

  /// Adds to `sums` what part `part` of stage `number` gives: for every weight, tile of rows and tile of
  /// outputs.
  virtual void multiplyPart(Value number, int64_t part, llvm::MutableArrayRef<Value> sums) = 0;

  /// The sums of some tiles among those that are carried: [weight][tile of rows][tile of outputs][4].
  llvm::MutableArrayRef<Value> sumsOf(llvm::MutableArrayRef<Value> sums, int64_t weight, int64_t rowTile,
                                      int64_t outputTile, int64_t tiles = 1) const;
  /// The warp's rows in a part: [depth][tile of rows].
  llvm::SmallVector<llvm::SmallVector<TileRows>> loadRows(Value number, int64_t part);
  int64_t depths() const { return tile.partWords() / MatrixTile::kWords; } ///< of a part

private:
  Value rowsAt;   ///< where this lane's words of A begin in a stage
  Value halfLine; ///< their half of a tile's words: its piece of 16 bytes
  Value turn;     ///< what their pieces are swizzled by

  void multiply(Value number, llvm::MutableArrayRef<Value> sums);
  void storeSums(llvm::MutableArrayRef<Value> sums);
  void storeLines(Value first, Value second, int64_t weight, Value row, int64_t outputTile);
};

} // namespace lathe

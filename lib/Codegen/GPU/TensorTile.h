// Many rows on matrix units: which products they take, and what of them lies in work-group memory at a time.
#pragma once

#include "Codegen/GPU/LinearPlan.h"
#include "Codegen/GPU/MatrixUnits.h"

namespace lathe {

/// A panel of outputs by some rows, multiplied by four warps in stages of columns. Rows of x and outputs have
/// a stage's columns as words: bytes of integer products, halves of floats.
struct TensorTile {
  TileNumbers numbers;
  int64_t rows, weights;
  int64_t stageWords;     ///< one or more tiles deep
  int64_t partColumns;    ///< whose sums are scaled together; a stage's or a part of it. 0: no sum is scaled
  bool scaled, offset;    ///< what the weights have
  bool warpgroup;         ///< all warps multiply together (WarpgroupTile), not each its own (MatrixTile)
  int64_t copyBytes = 16; ///< rows of x are copied by so many at a time

  static constexpr int64_t kThreads = 128, kWarps = 4, kWarpRows = 32;
  /// Words from one of an output's to the next: the lanes' words of a tile lie in different banks.
  static constexpr int64_t kWordPitch = kPanelRows + 8;

  int64_t stageColumns() const { return stageWords * numbersInWord(numbers); }
  int64_t parts() const { return partColumns ? stageColumns() / partColumns : 1; }
  int64_t partWords() const { return stageWords / parts(); }
  bool isInteger() const { return numbers == TileNumbers::Bytes; }
  /// Whether offsets meet sums of x that do not come with it.
  bool sumsInput() const { return offset && !isInteger(); }

  //--- Warps: side by side in the outputs, and one below the other in the rows
  //------------------------------------------------------------------
  int64_t warpRows() const { return warpgroup ? MatrixTile::kRows : kWarpRows; }
  int64_t warpsAcross() const { return kWarps * warpRows() / rows; }
  int64_t rowTiles() const { return warpRows() / MatrixTile::kRows; }
  int64_t outputTiles() const { return kPanelRows / warpsAcross() / MatrixTile::kColumns; }

  /// Work groups whose registers a multiprocessor holds: as many as leave a thread what its sums need.
  int64_t groupsAtATime() const { return weights > 1 || (warpgroup && sumsInput()) ? 2 : 3; }

  //--- A stage in work-group memory, in bytes from its begin
  //------------------------------------------------------------------
  int64_t lineBytes() const { return 4 * stageWords; } ///< of a row of x
  /// Weights lie as [word][output], or, where warps multiply together, as x does: a line an output. Then
  /// output [quad][i] is line [i][quad], so that neighbouring threads, which have quads, store into
  /// neighbouring lines.
  int64_t weightsAt(int64_t weight) const {
    return rows * lineBytes() + weight * (warpgroup ? kPanelRows * lineBytes() : 4 * stageWords * kWordPitch);
  }
  static int64_t lineOf(int64_t i) { return i * kQuads; } ///< and of quad 0; quads follow one another
  static int64_t outputOf(int64_t line) {
    return line % kQuads * GpuLinearPlan::kThreadOutputs + line / kQuads;
  }
  int64_t scalesAt(int64_t weight) const { return weightsAt(weights) + weight * partEntries() * scaled; }
  int64_t offsetsAt(int64_t weight) const { return scalesAt(weights) + weight * partEntries() * offset; }
  /// Of integer rows: the scale of x for each part and row, then the sums of its codes.
  int64_t inputScalesAt() const { return offsetsAt(weights); }
  int64_t inputSumsAt() const { return inputScalesAt() + parts() * rows * 4; }
  int64_t stageBytes() const {
    int64_t bytes = inputScalesAt() + (isInteger() ? 2 * parts() * rows * 4 : 0);
    return (bytes + alignment() - 1) / alignment() * alignment();
  }
  /// Of a stage's begin: that of eight lines, which change places among each other.
  int64_t alignment() const { return warpgroup ? 8 * lineBytes() : GpuContext::kSharedAlignment; }
  /// Two stages: one is multiplied while the next one comes.
  int64_t sharedBytes() const { return 2 * stageBytes(); }

private:
  static constexpr int64_t kQuads = kPanelRows / GpuLinearPlan::kThreadOutputs;
  int64_t partEntries() const { return parts() * kPanelRows * 4; }
};

/// The tile for a linear of many rows on CUDA devices, by `rows` at a time; none where its products are not
/// those of matrix units, or would not be exact before they are summed up.
std::optional<TensorTile> planTensorTile(const GpuLinearPlan &plan, int64_t rows);
/// The same where all warps multiply together, which takes `rows` of a whole tile.
std::optional<TensorTile> planWarpgroupTile(const GpuLinearPlan &plan, int64_t rows);

} // namespace lathe

// What four warps multiply comes to work-group memory stage by stage: the rows of x as they are, weights
// decoded.
#pragma once

#include "Codegen/GPU/LinearGroup.h"
#include "Codegen/GPU/TensorTile.h"

#include <functional>
#include <memory>

namespace lathe {

/// The stages of a group's columns, two at a time, in the memory of its results.
class TensorStages {
public:
  using Value = mlir::Value;
  TensorStages(const LinearGroup &group, const TensorTile &tile);

  int64_t count() const;
  /// Byte `place` of the memory of stage `number`.
  Value addressOf(Value number, int64_t place);
  /// Which of a line's pieces of 16 bytes lies where `piece` would: they change places by `row`, so that
  /// those of eight rows lie in different banks.
  Value swizzled(Value row, Value piece);
  /// Of codes as they are staged.
  int64_t bias() const { return decoders.front()->layout().bias - (flipsSigns() ? 128 : 0); }

  /// Has stage `number` in work-group memory for all threads; `meanwhile` is done while it is on its way.
  void fetch(Value number, llvm::function_ref<void()> meanwhile);

private:
  const LinearGroup &group;
  GpuContext &on;
  const GpuLinearPlan &plan;
  const TensorTile &tile;
  Value memory;
  llvm::SmallVector<std::unique_ptr<WeightDecode>> decoders; ///< of each weight

  /// A piece of x that this thread copies in every stage.
  struct Copy {
    Value from; ///< its row of x
    Value byte; ///< within a stage's line
    Value to;   ///< within the stage
  };
  llvm::SmallVector<Copy> copies;
  llvm::SmallVector<Value> scaleRows; ///< rows of x whose scales this thread copies in every stage

  /// Values that are loaded, to be stored in a stage later.
  using Pending = llvm::SmallVector<std::function<void()>>;
  /// Word i of a run of columns, for four outputs: vector<4 x i32>.
  using Words = std::function<Value(int64_t)>;

  bool endsWithin() const; ///< whether the last stage has columns that do not exist
  void forPieces(int64_t count, llvm::function_ref<void(Value index)> body);
  int64_t numCopies() const { return tile.rows * tile.lineBytes() / tile.copyBytes; }
  Value validBytes(Value begin);
  void copyInput(Value number);
  void copyInputScales(Value number);

  void loadWeights(int64_t weight, Value number, Pending &pending);
  Words codedWords(WeightDecode &decode, Value output, Value first, int64_t columns);
  Words storedWords(WeightDecode &decode, Value output, Value first, int64_t columns);
  bool flipsSigns() const;
  void storeLines(const Words &words, int64_t count, Value address, Value output, Value firstWord);
  Value halves(Value numbers);
  Value joined(Value low, Value high);
  void loadScales(int64_t weight, Value number, Pending &pending);
  Value blockAt(const PackedMatrix &layout, Value column);
  void storeFour(Value four, Value address, Value entry);
  void storeScales(Value four, Value address, Value part, Value output);
};

} // namespace lathe

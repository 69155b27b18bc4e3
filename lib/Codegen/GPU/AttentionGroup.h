// The code of attention's work group: one pass over the keys, in blocks of 64 positions, with the softmax
// corrected on the way (Dao et al. 2022).
#pragma once

#include "Codegen/GPU/AttentionTile.h"

namespace lathe {

class AttentionGroup {
public:
  using Value = mlir::Value;

  AttentionGroup(GpuContext &on, const GpuAttentionPlan &plan);

  /// Items are numbered part by part, each of all tiles: the empty ones come last.
  void emitItem(Value item);

private:
  GpuContext &on;
  const GpuAttentionPlan &plan;
  AttentionOp op;
  AttentionTile tile;

  //--- Work-group memory
  //---------------------------------------------------------------------------------------------------------------
  Value queries;  ///< vector<4xf32> [query][column quad], scaled
  Value partials; ///< f32 [query][key][part], then sums of values
  Value weights;  ///< f32 [key][query]
  Value ofLanes;  ///< f32 [query][lane]
  Value factors;  ///< f32 [query]

  //--- Places of this thread (see GpuAttentionPlan)
  //------------------------------------------------------------------------------------
  Value scoreKey, scorePart, query, lane, keyPart, columnQuad;

  /// 64 positions of keys and values of one KV head.
  struct KeyBlock {
    Value keys, values;             ///< address of the first one's row
    int64_t keyStride, valueStride; ///< bytes from a position to the next
    mlir::Type element;
    bool aligned; ///< rows begin at a multiple of four elements
  };

  void placeThreads();
  void loadQueries();
  KeyBlock cachedBlock(Value number);
  KeyBlock batchBlock(Value number);
  Value loadQuad(const KeyBlock &block, Value row, Value quad);

  void storeScores(const KeyBlock &block, Value keys);
  struct Softmax {
    Value largest, total; ///< of this thread's query; of its keys
  };
  Softmax weigh(Value first, Softmax before);
  llvm::SmallVector<Value> addValues(const KeyBlock &block, Value keys, mlir::ValueRange sums);
  llvm::SmallVector<Value> emitBlock(Value number, mlir::ValueRange carried);
  llvm::SmallVector<Value> meetKeys(Value first, Value end);

  void forTotals(Value total, llvm::function_ref<void(Value query, Value total)> body);
  void forResults(llvm::ArrayRef<Value> sums,
                  llvm::function_ref<void(Value query, Value quad, Value sum)> body);
  Value sumParts(Value first, int64_t stride);
  void storeResults(mlir::ValueRange results);
  void storePart(mlir::ValueRange results);
};

} // namespace lathe

// The inner part of attention: some queries against one block of keys and values.
#pragma once

#include "Codegen/CPU/CpuContext.h"

namespace lathe {

/// Keys and values of one block of kBlockPositions positions, for one KV head.
struct KeyBlock {
  mlir::Value keys, values;       ///< pointer to the first one's row
  int64_t keyStride, valueStride; ///< bytes from a position to the next
  mlir::Type element;
  mlir::Value lastReadable; ///< i64, local index of the last key whose row may be read; null where all may
};

/// Buffers of one work item. Queries are numbered row * (query heads per KV head) + head.
struct AttentionScratch {
  mlir::Value queries;      ///< f32 [queries][dim], scaled
  mlir::Value sums;         ///< f32 [queries][dim], weighted sums of values so far
  mlir::Value largest;      ///< f32 [queries], largest score so far
  mlir::Value totals;       ///< f32 [queries], sum of exp(score - largest)
  mlir::Value scores;       ///< f32 [tile][64], then their exp
  mlir::Value factors;      ///< f32 [tile], what the sums so far shrink by
  mlir::Value partial;      ///< f32 [4][tile][16]
  mlir::Value keysByColumn; ///< f32 [dim][64]
};

class AttentionTile {
public:
  AttentionTile(CpuContext &on, const AttentionScratch &scratch, int64_t dim, int64_t tile)
      : on(on), scratch(scratch), dim(dim), tile(tile) {}

  /// Scores of `tile` queries from `query` on, against `keys` keys, by products of rows: for few queries.
  void scoresByRows(const KeyBlock &block, mlir::Value query, mlir::Value keys);
  /// Copies a block's keys to keysByColumn.
  void transposeKeys(const KeyBlock &block);
  /// The same scores from keysByColumn: for many queries.
  void scoresByColumns(mlir::Value query, mlir::Value keys);
  /// Turns the scores of query `query` + `index` into weights; keys behind local index `limit` count nothing.
  void softmax(mlir::Value query, mlir::Value index, mlir::Value limit);
  /// sums = sums * factor + weights . values, over `keys` keys.
  void addValues(const KeyBlock &block, mlir::Value query, mlir::Value keys);

private:
  using Value = mlir::Value;
  CpuContext &on;
  const AttentionScratch &scratch;
  int64_t dim, tile;

  /// Vectors of kColumnStep lanes that a loop may carry per query and stay in registers.
  int64_t registerVectors() const { return on.variant.vectorBits >= 512 ? 4 : 1; }
  Value floatAt(Value pointer, Value index);
  Value queryPointer(Value query, int64_t index) {
    return on.offset(scratch.queries, on.mul(on.add(query, index), dim * 4));
  }
  Value keyRow(const KeyBlock &block, Value key);
  void addQuad(const KeyBlock &block, Value query, Value firstKey, Value quad);
  void addValuesTo(const KeyBlock &block, Value query, Value keys, int64_t column,
                   llvm::ArrayRef<int64_t> widths);
};

} // namespace lathe

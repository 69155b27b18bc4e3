// Some queries of one KV head and one segment: where they lie, which keys they see, where their results go.
#pragma once

#include "Codegen/GPU/AttentionPlan.h"
#include "Codegen/GPU/GpuContext.h"
#include "Codegen/Kernel/FusedRegion.h"

namespace lathe {

/// Queries are numbered row * (query heads per KV head) + head within a segment.
class AttentionTile {
public:
  using Value = mlir::Value;

  AttentionTile(GpuContext &on, const GpuAttentionPlan &plan) : region(on), on(on), plan(plan), op(plan.op) {}

  /// How many there are in the batch. Tiles are numbered head by head, each of all segments: neighbours
  /// differ in segment, thus in length.
  Value count();
  /// Becomes tile `number`.
  void place(Value number);

  FusedRegion region;
  Value head, slot, firstRow, sequenceFirst; ///< of the segment
  Value firstQuery, numQueries;              ///< of the tile; of the segment

  /// Tiles are whole: what is missing repeats the last query, and is not stored.
  Value clampQuery(Value query);
  /// The last key that query `query` of the segment sees.
  Value limitOf(Value query);
  /// The last key that some query of the tile sees.
  Value lastSeen() { return limitOf(clampQuery(on.i64(plan.tile - 1))); }

  /// Blocks of 64 keys that each part of them has, and how many parts have some (GpuAttentionPlan::splits).
  Value blocks() { return on.add(on.div(lastSeen(), kBlockPositions), 1); }
  Value partBlocks() { return on.div(on.add(blocks(), plan.splits - 1), plan.splits); }
  Value partsWithKeys();
  /// Scratch of part `part` of tile `number`, from where that of the first item begins.
  Value scratchOf(Value scratch, Value part, Value number);

  struct Head {
    Value row, column; ///< its first one
  };
  Head headOf(Value query);
  /// Passes four columns of query `query` of the segment to what follows the attention.
  void store(Value query, Value quad, Value values);

private:
  GpuContext &on;
  const GpuAttentionPlan &plan;
  AttentionOp op;
  Value lastKey, firstLimit; ///< of the segment
};

} // namespace lathe

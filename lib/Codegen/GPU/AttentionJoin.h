// The code of attention's join: what the parts of a sequence's keys gave for one query, weighed and added.
#pragma once

#include "Codegen/GPU/AttentionTile.h"

namespace lathe {

class AttentionJoin {
public:
  using Value = mlir::Value;

  AttentionJoin(GpuContext &on, const GpuAttentionPlan &plan);

  /// Items are numbered query by query, each of all tiles.
  void emitItem(Value item);

private:
  GpuContext &on;
  const GpuAttentionPlan &plan;
  AttentionTile tile;

  //--- Work-group memory
  //------------------------------------------------------------------------------------------------------
  Value weights; ///< f32 [part]
  Value sums;    ///< vector<4xf32> [every joinLanes-th part][column quad]

  Value number, query, parts; ///< of the tile; of the query in it; of its keys that are not empty

  Value loadNumber(Value part, int64_t offset);
  Value weighParts();
  Value addParts();
};

} // namespace lathe

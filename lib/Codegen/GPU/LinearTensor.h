// Many rows on the matrix units of CUDA devices.
#pragma once

#include "Codegen/GPU/LinearGroup.h"
#include "Codegen/GPU/TensorTile.h"

namespace lathe {

/// The tile that `on` multiplies the rows of x by; none where its variant has no such units or x does not lie
/// as copies need it. `lastRow` is any row of x that is not known when code is generated.
std::optional<TensorTile> tensorTile(GpuContext &on, FusedRegion &region, const GpuLinearPlan &plan,
                                     mlir::Value lastRow);

/// What emitManyRows does, by that tile: the same sums of integer products to the last bit, and of floats in
/// another order. Its stages lie where the results come to lie: tile.sharedBytes() of `group.results`.
void emitTensorRows(const LinearGroup &group, const TensorTile &tile);

} // namespace lathe

// Names that a reader recognises, for kernels and stored weights.
#pragma once

#include "Lathe/LatheDialect.h"

namespace lathe {

/// What a dispatch computes: "linear_64x172_si4g32_silu_mul" (columns in, columns out, format of the weight, then the
/// other ops in order).
std::string kernelName(mlir::Block &body);

/// The checkpoint's names behind a weight expression: one key as it is, several joined between their common first and
/// last parts ("model.layers.0.self_attn.q_proj.k_proj.v_proj.weight").
std::string weightName(mlir::Value weight);

} // namespace lathe

// Names that a reader recognises, for kernels and stored weights.
#pragma once

#include "Exec/ExecDialect.h"

namespace lathe {

/// What a dispatch computes: "linear_64x172_si4g32_silu_mul" (columns in, columns out, format of the weight,
/// then the other ops in order, and the domain of its rows where that is not all rows of the batch).
std::string kernelName(mlir::Block &body, exec::RowDomain domain);

/// The checkpoint's names behind a weight expression: one key as it is, several joined between their common
/// first and last parts ("model.layers.0.self_attn.q_proj.k_proj.v_proj.weight").
std::string weightName(mlir::Value weight);

} // namespace lathe

// Functions of real numbers as arithmetic, so that no kernel calls a library.
#pragma once

#include "mlir/IR/Operation.h"

namespace lathe {

/// Replaces exp, tanh, erf, sin and cos on f32 (scalars and vectors) and conversions from and to bf16 below `root`.
/// Errors, found by test/unit/Codegen: exp 1.1 ulp, tanh 2 ulp, erf 1.5 ulp; sin and cos 1.5e-7 absolute
/// for arguments up to 2^20.
void expandMath(mlir::Operation *root);

} // namespace lathe

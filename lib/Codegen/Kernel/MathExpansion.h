// Functions of real numbers as arithmetic, so that no kernel calls a library.
#pragma once

#include "mlir/IR/Operation.h"

namespace lathe {

/// Replaces exp, tanh, erf, sin and cos on f32 (scalars and vectors) and conversions from and to bf16 below
/// `root`. Relative errors stay below 2.5e-7 (exp, tanh, erf; what would be subnormal is 0), absolute ones below
/// 1.5e-7 (sin and cos of arguments up to 2^20, the same bits on every device): see MathExpansionTest.cpp and
/// SequenceKernelTest.cpp.
void expandMath(mlir::Operation *root);

/// Replaces conversions between f32 and f16 below `root` by integer arithmetic that rounds to nearest even,
/// for devices that need not know f16.
void expandHalfFloats(mlir::Operation *root);

} // namespace lathe

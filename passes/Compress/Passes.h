// Weights in fewer bits, as expressions.
#pragma once

#include "Lathe/LatheDialect.h"

#include "mlir/Pass/Pass.h"

namespace lathe {

#define GEN_PASS_DECL
#include "Compress/Passes.h.inc"

#define GEN_PASS_REGISTRATION
#include "Compress/Passes.h.inc"

} // namespace lathe

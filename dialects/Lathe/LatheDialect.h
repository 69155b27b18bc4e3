// The model-level dialect: attributes, types, interfaces and ops.
#pragma once

#include "mlir/Bytecode/BytecodeOpInterface.h"
#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/Dialect.h"
#include "mlir/IR/OpImplementation.h"
#include "mlir/IR/SymbolTable.h"
#include "mlir/Interfaces/ControlFlowInterfaces.h"
#include "mlir/Interfaces/InferTypeOpInterface.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"

#include "Lathe/LatheDialect.h.inc"
#include "Lathe/LatheEnums.h.inc"

#define GET_ATTRDEF_CLASSES
#include "Lathe/LatheAttrs.h.inc"

#define GET_TYPEDEF_CLASSES
#include "Lathe/LatheTypes.h.inc"

#include "Lathe/LatheInterfaces.h.inc"

namespace lathe {

/// What cache_write, attention and decay_scan touch: the states of all sequences.
struct StateResource : public mlir::SideEffects::Resource::Base<StateResource> {
  mlir::StringRef getName() final { return "sequence state"; }
};

/// Whether the op may be the one op of a dispatch that decides how its work is cut.
bool isDispatchRoot(mlir::Operation *op);

} // namespace lathe

#define GET_OP_CLASSES
#include "Lathe/LatheOps.h.inc"

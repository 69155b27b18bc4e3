#include "Lathe/LatheDialect.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/DialectImplementation.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace lathe;

#include "Lathe/LatheDialect.cpp.inc"
#include "Lathe/LatheEnums.cpp.inc"
#include "Lathe/LatheInterfaces.cpp.inc"

#define GET_OP_CLASSES
#include "Lathe/LatheOps.cpp.inc"

void LatheDialect::initialize() {
  registerAttributes();
  registerTypes();
  addOperations<
#define GET_OP_LIST
#include "Lathe/LatheOps.cpp.inc"
      >();
}

#include "Exec/ExecDialect.h"

#include "mlir/IR/Builders.h"
#include "mlir/IR/DialectImplementation.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace lathe::exec;

#include "Exec/ExecDialect.cpp.inc"
#include "Exec/ExecEnums.cpp.inc"

#define GET_OP_CLASSES
#include "Exec/ExecOps.cpp.inc"

void ExecDialect::initialize() {
  registerTypes();
  addOperations<
#define GET_OP_LIST
#include "Exec/ExecOps.cpp.inc"
      >();
}

// The shared parts of a program: stored weights and kernels, each once.
#pragma once

#include "Exec/ExecDialect.h"

#include "llvm/ADT/StringMap.h"

namespace lathe {

/// Creates `exec.weight` and `exec.kernel` symbols in a program; equal ones are created once.
class Outliner {
public:
  explicit Outliner(exec::ProgramOp program) : program(program), symbols(program) {}

  /// The stored weight that holds the value of the expression.
  mlir::FlatSymbolRefAttr weight(mlir::Value expression);

  /// The kernel of a dispatch whose operands and results lie in these slices (null where an operand is no
  /// tensor). `states` are the symbols that the body refers to, in order of the arguments that the kernel
  /// gets for them.
  mlir::FlatSymbolRefAttr kernel(DispatchOp dispatch, llvm::ArrayRef<exec::SliceType> inputs,
                                 llvm::ArrayRef<exec::SliceType> outputs, exec::RowDomain domain,
                                 llvm::ArrayRef<std::pair<mlir::FlatSymbolRefAttr, StateType>> states);

  unsigned getNumReusedKernels() const { return reusedKernels; }

private:
  /// Keeps the op (named `name`, made unique) unless one that prints the same is there already.
  mlir::FlatSymbolRefAttr keep(mlir::Operation *candidate, llvm::StringRef name);

  exec::ProgramOp program;
  mlir::SymbolTable symbols;
  llvm::DenseMap<mlir::Value, mlir::FlatSymbolRefAttr> weights;
  llvm::StringMap<mlir::FlatSymbolRefAttr> known;
  unsigned reusedKernels = 0;
};

} // namespace lathe

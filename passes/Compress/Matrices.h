// The matrices that a model multiplies by or looks up in, as compression sees them.
#pragma once

#include "Lathe/LatheDialect.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "llvm/Support/GlobPattern.h"

#include <string>
#include <vector>

namespace lathe {

/// One dense matrix that kernels read.
struct Matrix {
  mlir::Value weight;                        ///< plain, row-major
  llvm::SmallVector<mlir::OpOperand *> uses; ///< by linear and embedding ops
  std::vector<std::string> names;            ///< keys of the params that it is made of, in order
  bool table = false;                        ///< looked up by row
  bool head = false;                         ///< its products are what the entry point returns

  WeightType type() const { return mlir::cast<WeightType>(weight.getType()); }
  /// "model.layers.0.mlp.down_proj.weight", or the first of several and how many more.
  std::string describe() const;
};

/// Matrices that are stored alike, because one linear takes them together: gate and up.
using MatrixGroup = std::vector<Matrix>;

/// All plain, unpacked matrices of a module that linear and embedding ops use, in program order.
std::vector<MatrixGroup> collectMatrices(mlir::ModuleOp module);

/// The keys of the params behind a weight expression, each once, in order.
std::vector<std::string> paramNames(mlir::Value weight);

/// Puts another value in the place of a matrix, for the ops that multiply by it or look up in it.
void replaceUses(const Matrix &matrix, mlir::Value replacement);

/// A pattern of names as a pass option gives it; an error at the module where it is malformed.
mlir::FailureOr<llvm::GlobPattern> parseNamePattern(mlir::ModuleOp module, const std::string &text);

} // namespace lathe

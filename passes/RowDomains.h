// Which count of the batch the rows of a tensor follow: its rows, the rows that want logits, or its
// sequences.
#pragma once

#include "Exec/ExecDialect.h"

namespace lathe {

/// The domain of each tensor in a block, found by walking its ops in order (dispatches inside out).
class RowDomains {
public:
  /// Fails with a diagnostic at the first op that mixes domains. Block arguments must have been given with
  /// `set`.
  mlir::LogicalResult analyze(mlir::Block &block);
  void set(mlir::Value value, exec::RowDomain domain) { domains[value] = domain; }
  /// Rows, unless something else is known.
  exec::RowDomain get(mlir::Value value) const;

private:
  mlir::LogicalResult visit(mlir::Operation &op);
  mlir::LogicalResult visitDispatch(DispatchOp dispatch);
  llvm::DenseMap<mlir::Value, exec::RowDomain> domains;
};

} // namespace lathe

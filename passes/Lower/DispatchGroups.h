// Which ops become one dispatch: the fusion decisions, without any rewriting.
#pragma once

#include "Lathe/LatheDialect.h"

#include "llvm/ADT/SetVector.h"

namespace lathe {

/// Ops that one dispatch will hold, in block order.
using DispatchGroup = llvm::SetVector<mlir::Operation *>;

/// Columns that one tile of a linear's result spans: what an epilogue may look at.
inline constexpr int64_t kTileColumns = 64;

/// Computes the groups of a block, an entry point's body. Ops that need no kernel belong to none: weight
/// expressions, inlined reads (cloned where they are used), `split` (a view) and dispatches that are there
/// already.
class DispatchGroups {
public:
  explicit DispatchGroups(mlir::Block &block);

  /// The group of an op, or null.
  const DispatchGroup *groupOf(mlir::Operation *op) const;
  /// What has to come before the op's group (or before the op, where it has none): producers of operands, and
  /// earlier ops on the same state.
  llvm::SmallVector<mlir::Operation *> predecessors(mlir::Operation *op) const;

private:
  using Reason = std::string;

  void orderStateOps();
  void formRootGroup(mlir::Operation *root);
  void formCacheGroup(CacheWriteOp write);
  void formRowGroup(mlir::Operation *seed);
  void growEpilogue(DispatchGroup &group);
  void dropSharedIntermediates(DispatchGroup &group);
  void addQuantization(DispatchGroup &group);
  void addSelections(DispatchGroup &group);
  void addRopesOfTable(DispatchGroup &group, mlir::Value table, llvm::function_ref<bool(RopeOp)> wanted);
  void addConversions(DispatchGroup &group);
  void commit(DispatchGroup group);
  void noteMissed(mlir::Operation *root, mlir::Operation *user);
  void reportMissed(mlir::Operation *op) const;

  bool isFree(mlir::Operation *op) const;
  /// Whether dispatching `group` and `op` together leaves an order in which dispatches can run.
  bool staysOrdered(const DispatchGroup &group, mlir::Operation *op) const;
  llvm::SmallVector<mlir::Operation *> operandsOf(mlir::Operation *op) const;

  mlir::Block *block;
  llvm::SmallVector<std::unique_ptr<DispatchGroup>> groups;
  llvm::DenseMap<mlir::Operation *, const DispatchGroup *> owner;
  llvm::DenseMap<mlir::Operation *, llvm::SmallVector<mlir::Operation *>> stateOrder;
  llvm::DenseMap<mlir::Operation *, Reason> missed;
};

/// Whether the op is computed again in each dispatch that uses it, since that costs nothing there: a read of
/// the batch, or a tensor of a narrow float type taken as f32.
bool isInlinedRead(mlir::Operation *op);
/// Whether the op runs in a kernel of its own or of others.
bool needsKernel(mlir::Operation *op);
/// Whether the op is fusable with the locality.
bool hasLocality(mlir::Operation *op, Locality locality);

} // namespace lathe

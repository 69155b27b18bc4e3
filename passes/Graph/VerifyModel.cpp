// lathe-verify-model: what the model level promises to the phases behind it.
#include "Graph/Passes.h"
#include "Lathe/EntryPoints.h"
#include "RowDomains.h"

namespace lathe {
#define GEN_PASS_DEF_VERIFYMODELPASS
#include "Graph/Passes.h.inc"
} // namespace lathe

using namespace mlir;
using namespace lathe;

namespace {

LogicalResult checkSignature(func::FuncOp func) {
  FunctionType type = func.getFunctionType();
  if (func.isExternal() || !func.getBody().hasOneBlock())
    return func.emitError() << "an entry point is one block of ops";
  if (type.getNumInputs() != 1 || !isa<BatchType>(type.getInput(0)))
    return func.emitError() << "an entry point takes one argument, the !lathe.batch";
  auto isRows = [](Type type) {
    auto rows = dyn_cast<RankedTensorType>(type);
    return rows && rows.getRank() == 2 && rows.isDynamicDim(0) && !rows.isDynamicDim(1) &&
           rows.getElementType().isF32();
  };
  if (type.getNumResults() == 0 || !llvm::all_of(type.getResults(), isRows))
    return func.emitError() << "an entry point returns tensors of rows x features, f32";
  return success();
}

/// Each result is an entry point of a program, so each has a name of its own.
LogicalResult checkNames(func::FuncOp func, llvm::DenseSet<StringAttr> &names) {
  for (unsigned result = 0; result < func.getNumResults(); ++result) {
    StringAttr name = entryName(func, result);
    if (!name)
      return func.emitError() << "result " << result
                              << " is an entry point without a name: give it lathe.entry";
    if (!names.insert(name).second) return func.emitError() << "two entry points are called " << name;
  }
  return success();
}

LogicalResult checkOps(func::FuncOp func) {
  llvm::DenseSet<Attribute> written;
  for (Operation &op : func.getBody().front()) {
    if (isa<func::ReturnOp>(op)) continue;
    if (!isa<LatheDialect>(op.getDialect())) return op.emitError() << "is no op of the model level";
    if (isa<DispatchOp, PackOp>(op))
      return op.emitError() << "belongs behind the model level; the lower phase makes it";
    if (auto write = dyn_cast<CacheWriteOp>(op)) written.insert(write.getStateAttr());
    auto attention = dyn_cast<AttentionOp>(op);
    if (attention && attention.getStateAttr() && !written.contains(attention.getStateAttr()))
      return op.emitError() << "reads " << attention.getStateAttr()
                            << " before a cache_write stores this call's rows in it";
  }
  return success();
}

struct VerifyModelPass : lathe::impl::VerifyModelPassBase<VerifyModelPass> {
  void runOnOperation() override {
    llvm::DenseSet<StringAttr> names;
    for (Operation &op : *getOperation().getBody()) {
      if (isa<StateDeclOp>(op)) continue;
      auto func = dyn_cast<func::FuncOp>(op);
      if (!func) {
        op.emitError() << "does not belong to a model; only functions and states do";
        return signalPassFailure();
      }
      RowDomains domains;
      if (failed(checkSignature(func)) || failed(checkNames(func, names)) || failed(checkOps(func)) ||
          failed(domains.analyze(func.getBody().front())))
        return signalPassFailure();
    }
    if (!names.empty()) return;
    getOperation().emitError() << "a model has at least one entry point, such as func.func @step";
    signalPassFailure();
  }
};

} // namespace

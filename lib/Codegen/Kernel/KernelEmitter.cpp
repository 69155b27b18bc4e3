#include "Codegen/Kernel/KernelEmitter.h"

using namespace mlir;

namespace lathe {

FailureOr<const KernelEmitter *> findKernelEmitter(KernelFamilies families, exec::KernelOp kernel) {
  for (const KernelEmitter &emitter : families)
    if (emitter.match(kernel)) return &emitter;
  Operation *root = findRoot(kernel);
  return (root ? root : kernel.getOperation())->emitOpError("has no kernel on this target");
}

SmallVector<KernelFunction> PlannedKernel::functions() const {
  SmallVector<KernelFunction> functions;
  unsigned code = firstCode;
  for (const KernelClass &of : classes) functions.push_back({&of, false, code++});
  for (const KernelClass &of : classes)
    if (of.join) functions.push_back({&of, true, code++});
  return functions;
}

static int64_t maxRowsOf(exec::ProgramOp program, exec::RowDomain domain) {
  return domain == exec::RowDomain::Outputs ? program.getMaxOutputs() : program.getMaxRows();
}

FailureOr<std::vector<PlannedKernel>> planKernels(exec::ProgramOp program, KernelFamilies families) {
  std::vector<PlannedKernel> kernels;
  unsigned next = 0;
  for (auto kernel : program.getBody().front().getOps<exec::KernelOp>()) {
    auto emitter = findKernelEmitter(families, kernel);
    if (failed(emitter)) return failure();
    auto classes = (*emitter)->plan(kernel, maxRowsOf(program, kernel.getDomain()));
    if (failed(classes)) return failure();
    PlannedKernel planned;
    planned.name = kernel.getSymName().str();
    planned.domain = kernel.getDomain();
    planned.bindings = kernel.getBody().front().getTerminator()->getNumOperands();
    for (Type type : kernel.getBody().getArgumentTypes()) planned.bindings += !isa<BatchType>(type);
    planned.classes = std::move(*classes);
    planned.firstCode = next;
    next += planned.functions().size();
    kernels.push_back(std::move(planned));
  }
  return kernels;
}

Operation *findRoot(exec::KernelOp kernel) {
  for (Operation &op : kernel.getBody().front())
    if (isDispatchRoot(&op)) return &op;
  return nullptr;
}

GridFactor domainFactor(exec::RowDomain domain, uint32_t rowsPerItem) {
  switch (domain) {
  case exec::RowDomain::Rows:
    return {GridKind::Rows, rowsPerItem};
  case exec::RowDomain::Outputs:
    return {GridKind::Outputs, rowsPerItem};
  case exec::RowDomain::Sequences:
    return {GridKind::Sequences, rowsPerItem};
  }
  llvm_unreachable("all domains are handled");
}

} // namespace lathe

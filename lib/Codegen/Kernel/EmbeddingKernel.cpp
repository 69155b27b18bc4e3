// An embedding is a source of rows for a rows kernel: a row of the table is decoded from the packed form that
// a head tied to it multiplies with, so the table is stored once.
#include "Codegen/Kernel/EmbeddingKernel.h"

#include "Codegen/Kernel/RowsKernel.h"
#include "Codegen/Kernel/WeightDecode.h"

using namespace mlir;
using namespace lathe;

bool lathe::matchEmbedding(exec::KernelOp kernel) { return isa_and_nonnull<EmbeddingOp>(findRoot(kernel)); }

FailureOr<SmallVector<KernelClass>> lathe::planEmbedding(exec::KernelOp kernel, int64_t maxRows) {
  auto op = cast<EmbeddingOp>(findRoot(kernel));
  auto type = cast<WeightType>(op.getTable().getType());
  if (type.getPanel() != kPanelRows)
    return op.emitOpError("needs its table in panels of ")
           << kPanelRows << " rows; lathe.pack makes them";
  if (type.getEncoding().getBitmap())
    return op.emitOpError("reads rows of a bitmap, which has no kernel; store the table without one");
  if (Operation *ids = op.getIds().getDefiningOp(); ids && !isa<TokensOp, PositionsOp>(ids))
    return op.emitOpError("takes row numbers from ") << ids->getName() << ", not from tokens or positions";
  if (failed(checkRows(kernel))) return failure();
  return SmallVector<KernelClass>{{maxRows, {domainFactor(kernel.getDomain(), 1)}, rowsScratchBytes(kernel)}};
}

/// The row of the table that row `row` of the batch wants.
static Value tableRow(KernelContext &on, EmbeddingOp op, Value row) {
  if (op.getIds().getDefiningOp<TokensOp>()) return on.batchEntry(LATHE_BATCH(tokens), row);
  if (op.getIds().getDefiningOp<PositionsOp>()) return on.batchEntry(LATHE_BATCH(positions), row);
  auto argument = cast<BlockArgument>(op.getIds());
  return on.loadI32(on.rowPointer(on.argumentPointer(argument), on.argumentSlice(argument), row), on.i64(0));
}

LogicalResult lathe::emitEmbedding(KernelContext &context) {
  exec::KernelOp kernel = context.kernel;
  auto op = cast<EmbeddingOp>(findRoot(kernel));
  FusedRegion region(context);
  WeightDecode decode(context, cast<WeightType>(op.getTable().getType()),
                      context.argumentPointer(cast<BlockArgument>(op.getTable())));
  // Rotations walk the columns head by head; everything else in steps from the first column on.
  bool aligned = kernel.getBody().front().getOps<RopeOp>().empty();
  context.forItems([&](Value row) {
    Value id = tableRow(context, op, row);
    region.provide(op.getResult(), [&, id](const Place &place) {
      return decode.decodeRow(id, place.column, place.width, aligned);
    });
    emitRow(context, region, row);
  });
  return success();
}

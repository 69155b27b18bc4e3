// lathe-add-draw: an entry point that ends in the likeliest tokens, not in logits.
#include "Lower/KernelNames.h"
#include "Lower/Passes.h"
#include "Remarks.h"

#include "mlir/IR/IRMapping.h"

namespace lathe {
#define GEN_PASS_DEF_ADDDRAWPASS
#include "Lower/Passes.h.inc"
} // namespace lathe

using namespace mlir;
using namespace lathe;

namespace {

constexpr llvm::StringLiteral kPass = "add-draw", kStep = "step", kDraw = "draw";

RankedTensorType rowsOf(exec::SliceType slice) {
  return RankedTensorType::get({ShapedType::kDynamic, slice.getColumns()}, slice.getElementType());
}

struct AddDrawPass : lathe::impl::AddDrawPassBase<AddDrawPass> {
  using Base::Base;

  void runOnOperation() override {
    exec::ProgramOp program = getOperation();
    SymbolTable symbols(program);
    auto step = symbols.lookup<exec::EntryOp>(kStep);
    if (!step) return;
    if (symbols.lookup(kDraw)) {
      program.emitError() << "has @draw already";
      return signalPassFailure();
    }
    auto logits = cast<exec::ResultOp>(step.getBody().front().back()).getSlice().getType();
    if (count < 1 || count > 1 << 24) {
      program.emitError() << "count lies between 1 and 2^24, got " << int64_t(count);
      return signalPassFailure();
    }
    if (logits.getDomain() != exec::RowDomain::Outputs || !logits.getElementType().isF32() ||
        logits.getColumns() > 1 << 24)
      return remarkMissed(step, kPass, "no @draw: the result is not f32 logits of the rows that want them");
    addEntry(program, step, addKernel(program, symbols, step.getLoc(), logits));
  }

  exec::KernelOp addKernel(exec::ProgramOp program, SymbolTable &symbols, Location loc,
                           exec::SliceType logits) {
    MLIRContext *context = program.getContext();
    OpBuilder builder(context);
    int64_t columns = 2 * int64_t(count) + 3;
    Type f32 = builder.getF32Type();
    auto top = exec::SliceType::get(context, exec::RowDomain::Outputs, columns, f32,
                                    exec::SliceType::packedStride(columns, f32, 0), 0);
    SmallVector<Attribute> slices = {TypeAttr::get(logits), builder.getUnitAttr(), TypeAttr::get(top)};
    auto kernel = exec::KernelOp::create(builder, loc, "candidate", exec::RowDomain::Outputs,
                                         builder.getArrayAttr(slices), builder.getDictionaryAttr({}));
    Block &body = kernel.getBody().emplaceBlock();
    Value rows = body.addArgument(rowsOf(logits), loc),
          batch = body.addArgument(BatchType::get(context), loc);
    builder.setInsertionPointToEnd(&body);
    Value found = TopLogitsOp::create(builder, loc, rowsOf(top), rows, batch, int64_t(count));
    YieldOp::create(builder, loc, found);
    SymbolTable::setSymbolName(kernel, kernelName(body, exec::RowDomain::Outputs));
    // Kernels stand before entries.
    symbols.insert(kernel, symbols.lookup(kStep)->getIterator());
    return kernel;
  }

  /// Bytes of its own for the candidates, as lathe-to-exec gives them.
  static void addEntry(exec::ProgramOp program, exec::EntryOp step, exec::KernelOp kernel) {
    OpBuilder builder = OpBuilder::atBlockEnd(&program.getBody().front());
    auto draw = cast<exec::EntryOp>(builder.clone(*step));
    draw.setSymName(kDraw);
    auto result = cast<exec::ResultOp>(draw.getBody().front().back());
    builder.setInsertionPoint(result);
    Location loc = result.getLoc();
    auto type = cast<exec::SliceType>(cast<TypeAttr>(kernel.getSlices()[2]).getValue());
    int64_t offset = llvm::alignTo(int64_t(program.getArenaBytes()), 64);
    Value logits = result.getSlice();
    Value top = exec::SliceOp::create(builder, loc, type, builder.getI64IntegerAttr(offset));
    exec::DispatchOp::create(builder, loc, FlatSymbolRefAttr::get(kernel), ValueRange{logits},
                             ValueRange{top});
    exec::ResultOp::create(builder, loc, top, logits);
    result.erase();
    program.setArenaBytes(offset + int64_t(program.getMaxOutputs()) * type.getStride());
    remarkPassed(draw, kPass,
                 Twine(type.getStride()) + " bytes a row come back in place of " +
                     Twine(cast<exec::SliceType>(logits.getType()).getStride()));
  }
};

} // namespace

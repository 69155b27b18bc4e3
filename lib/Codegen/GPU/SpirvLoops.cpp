#include "Codegen/GPU/SpirvPatterns.h"

#include "mlir/Dialect/SCF/IR/SCF.h"

using namespace mlir;
using spirv::StorageClass;

namespace {

/// MLIR's stores results at the end of the body, which leaves those of a loop that makes no turn undefined;
/// this one stores them in the header.
struct Loop final : OpConversionPattern<scf::ForOp> {
  using OpConversionPattern::OpConversionPattern;

  LogicalResult matchAndRewrite(scf::ForOp op, OpAdaptor adaptor,
                                ConversionPatternRewriter &rewriter) const override {
    Location loc = op.getLoc();
    SmallVector<Value> initial{adaptor.getLowerBound()};
    llvm::append_range(initial, adaptor.getInitArgs());
    SmallVector<Type> types(ValueRange(initial).getTypes());
    SmallVector<Value> results;
    for (Type type : ArrayRef(types).drop_front())
      results.push_back(spirv::VariableOp::create(rewriter, loc,
                                                  spirv::PointerType::get(type, StorageClass::Function),
                                                  StorageClass::Function, Value()));
    auto loop = spirv::LoopOp::create(rewriter, loc, spirv::LoopControl::None);
    loop.addEntryAndMergeBlock(rewriter);
    Region &region = loop.getBody();
    Block *header = rewriter.createBlock(&region, std::next(region.begin()), types,
                                         SmallVector<Location>(types.size(), loc));
    Block *body = moveBody(op, region, header, rewriter);

    rewriter.setInsertionPointToEnd(loop.getEntryBlock());
    spirv::BranchOp::create(rewriter, loc, header, initial);
    fillHeader(op, adaptor.getUpperBound(), results, loop, header, body, rewriter);
    if (failed(closeBody(body, adaptor.getStep(), loop, rewriter))) return failure();
    rewriter.setInsertionPointAfter(loop);
    for (Value &result : results) result = spirv::LoadOp::create(rewriter, loc, result);
    rewriter.replaceOp(op, results);
    return success();
  }

private:
  Block *moveBody(scf::ForOp op, Region &region, Block *header, ConversionPatternRewriter &rewriter) const {
    Block *body = op.getBody();
    rewriter.inlineRegionBefore(op.getRegion(), &region.back());
    TypeConverter::SignatureConversion signature(body->getNumArguments());
    for (unsigned i = 0; i < header->getNumArguments(); ++i) signature.remapInput(i, header->getArgument(i));
    return rewriter.applySignatureConversion(body, signature, getTypeConverter());
  }

  static void fillHeader(scf::ForOp op, Value upper, ValueRange results, spirv::LoopOp loop, Block *header,
                         Block *body, ConversionPatternRewriter &rewriter) {
    rewriter.setInsertionPointToEnd(header);
    for (auto [variable, value] : llvm::zip(results, header->getArguments().drop_front()))
      spirv::StoreOp::create(rewriter, op.getLoc(), variable, value);
    Value counter = header->getArgument(0), more;
    if (op.getUnsignedCmp())
      more = spirv::ULessThanOp::create(rewriter, op.getLoc(), rewriter.getI1Type(), counter, upper);
    else
      more = spirv::SLessThanOp::create(rewriter, op.getLoc(), rewriter.getI1Type(), counter, upper);
    spirv::BranchConditionalOp::create(rewriter, op.getLoc(), more, body, ValueRange(), loop.getMergeBlock(),
                                       ValueRange());
  }

  /// The block that goes round is one of its own, as drivers know it from other compilers.
  static LogicalResult closeBody(Block *body, Value step, spirv::LoopOp loop,
                                 ConversionPatternRewriter &rewriter) {
    auto yield = cast<scf::YieldOp>(body->getTerminator());
    Block *header = loop.getHeaderBlock(), *around = rewriter.createBlock(loop.getMergeBlock());
    rewriter.setInsertionPoint(yield);
    SmallVector<Value> carried;
    if (failed(rewriter.getRemappedValues(yield.getOperands(), carried))) return failure();
    spirv::BranchOp::create(rewriter, yield.getLoc(), around);
    rewriter.setInsertionPointToEnd(around);
    SmallVector<Value> next{
        spirv::IAddOp::create(rewriter, yield.getLoc(), header->getArgument(0), step).getResult()};
    llvm::append_range(next, carried);
    spirv::BranchOp::create(rewriter, yield.getLoc(), header, next);
    rewriter.eraseOp(yield);
    return success();
  }
};

} // namespace

void lathe::populateLoopPatterns(const SPIRVTypeConverter &converter, RewritePatternSet &patterns) {
  patterns.add<Loop>(converter, patterns.getContext(), kBeforeMlir);
}

// lathe-prune-weights: the smallest magnitudes become zero.
#include "Compress/Cost.h"
#include "Compress/Passes.h"
#include "Remarks.h"

#include "llvm/Support/GlobPattern.h"

namespace lathe {
#define GEN_PASS_DEF_PRUNEWEIGHTSPASS
#include "Compress/Passes.h.inc"
} // namespace lathe

using namespace mlir;
using namespace lathe;

namespace {

constexpr llvm::StringLiteral kPass = "prune-weights";

/// Bits of an element with a bitmap and codes of 8 bits, where `density` of the elements are left.
double bitmapBits(double density) { return 1 + 8 * density; }

struct PruneWeightsPass : lathe::impl::PruneWeightsPassBase<PruneWeightsPass> {
  using Base::Base;

  void runOnOperation() override {
    ModuleOp module = getOperation();
    auto glob = parseNamePattern(module, pattern);
    if (failed(glob)) return signalPassFailure();
    bool byShare = share >= 0, byThreshold = threshold >= 0;
    if (byShare == byThreshold || !(share < 1)) {
      module.emitError() << "pruning needs either a share in [0, 1) or a threshold";
      return signalPassFailure();
    }
    auto values = WeightValues::open(module, checkpoint, threads);
    if (failed(values)) return signalPassFailure();
    for (MatrixGroup &group : collectMatrices(module))
      for (Matrix &matrix : group)
        if (llvm::any_of(matrix.names, [&](const std::string &name) { return glob->match(name); }))
          if (failed(prune(matrix, **values))) return signalPassFailure();
  }

private:
  LogicalResult prune(const Matrix &matrix, WeightValues &values) {
    OpBuilder builder(&getContext());
    builder.setInsertionPointAfterValue(matrix.weight);
    bool byShare = share >= 0;
    auto pruned = PruneOp::create(builder, matrix.weight.getLoc(), matrix.type(), matrix.weight,
                                  byShare ? builder.getF64FloatAttr(share) : FloatAttr(),
                                  byShare ? FloatAttr() : builder.getF64FloatAttr(threshold));
    replaceUses(matrix, pruned);
    return report(pruned, matrix, values);
  }

  LogicalResult report(PruneOp pruned, const Matrix &matrix, WeightValues &values) {
    if (!values.available()) {
      remarkAnalysis(pruned, kPass,
                     matrix.describe() + ": pruned; no checkpoint is open, so its error is not known");
      return success();
    }
    // An evaluator of its own: what it holds of the matrix is freed with it.
    Evaluator evaluator(values.params(), values.threads());
    FailureOr<StoredError> error = evaluator.difference(pruned, matrix.weight, kSampledRows);
    FailureOr<double> density = evaluator.density(pruned);
    if (failed(error) || failed(density)) return failure();
    WeightType type = matrix.type();
    int64_t elements = type.getRows() * type.getColumns();
    double bits = bitmapBits(*density);
    std::string text = matrix.describe() + ": " + describeRatio(100 * (1 - *density)) +
                       " % zeros, relative error " + describeRatio(error->relative()) + "; " +
                       describeBytes(plainBytes(type)) + " -> " +
                       describeBytes(int64_t(double(elements) * bits / 8)) + " in 8 bits with a bitmap (" +
                       describeRatio(bits) + " bits per weight)";
    remarkPassed(pruned, kPass, text);
    if (bits >= 4.25)
      remarkMissed(
          pruned, kPass,
          "so few zeros save neither time nor bytes against int4 group 64, which takes 4.25 bits per weight "
          "and loses less; a bitmap pays from 60 % zeros on");
    else
      remarkMissed(pruned, kPass,
                   "zeros anywhere save the time of reading them, with a row or so a call, but no products");
    return success();
  }
};

} // namespace

// lathe-low-rank: W x as L (R x), or as Q x + L (R x).
#include "Compress/Cost.h"
#include "Compress/Encodings.h"
#include "Compress/Passes.h"
#include "Remarks.h"

#include "llvm/Support/GlobPattern.h"

namespace lathe {
#define GEN_PASS_DEF_LOWRANKPASS
#include "Compress/Passes.h.inc"
} // namespace lathe

using namespace mlir;
using namespace lathe;

namespace {

constexpr llvm::StringLiteral kPass = "low-rank";

/// Why a matrix can't be factored; empty where it can.
std::string whyNot(const Matrix &matrix) {
  for (OpOperand *use : matrix.uses) {
    auto linear = dyn_cast<LinearOp>(use->getOwner());
    if (!linear) return "rows of it are looked up";
    if (linear.getWeights().size() != 1) return "its linear takes several weights that share one tile";
    if (cast<RankedTensorType>(linear.getInput().getType()).getEncoding())
      return "its input is quantized already";
  }
  return "";
}

/// y = x W^T.
Value product(OpBuilder &builder, Location loc, Value x, Value weight, Type elementType) {
  int64_t columns = cast<WeightType>(weight.getType()).getRows();
  Type type = RankedTensorType::get({ShapedType::kDynamic, columns}, elementType);
  return LinearOp::create(builder, loc, TypeRange{type}, x, ValueRange{weight}).getResult(0);
}

struct LowRankPass : lathe::impl::LowRankPassBase<LowRankPass> {
  using Base::Base;

  void runOnOperation() override {
    ModuleOp module = getOperation();
    auto glob = parseNamePattern(module, pattern);
    if (failed(glob)) return signalPassFailure();
    auto values = WeightValues::open(module, checkpoint, threads);
    if (failed(values) || failed(readOptions(**values))) return signalPassFailure();
    for (MatrixGroup &group : collectMatrices(module))
      for (Matrix &matrix : group) {
        if (llvm::none_of(matrix.names, [&](const std::string &name) { return glob->match(name); })) continue;
        if (failed(factor(matrix, **values))) return signalPassFailure();
      }
  }

private:
  LogicalResult readOptions(const WeightValues &values) {
    ModuleOp module = getOperation();
    if ((rank > 0) == (energy > 0) || rank < 0 || energy < 0 || energy >= 1)
      return module.emitError() << "a low-rank form needs either a positive rank or an energy in (0, 1)";
    if (energy > 0 && failed(values.require("an energy needs"))) return failure();
    std::string error;
    residual_ =
        residual.empty() ? EncodingChoice() : parseEncoding(std::string(residual), 64, &getContext(), error);
    if (!residual_ || (!residual.empty() && !residual_->encoding))
      return module.emitError() << "residual: " << (error.empty() ? "an encoding is needed" : error);
    return success();
  }

  LogicalResult factor(const Matrix &matrix, WeightValues &values) {
    Operation *at = matrix.uses.front()->getOwner();
    if (std::string reason = whyNot(matrix); !reason.empty()) {
      remarkMissed(at, kPass, matrix.describe() + ": " + reason);
      return success();
    }
    OpBuilder builder(&getContext());
    builder.setInsertionPointAfterValue(matrix.weight);
    Location loc = matrix.weight.getLoc();
    Value factored = matrix.weight;
    QuantizeOp kept;
    if (!residual.empty()) {
      WeightType type = matrix.type();
      kept = QuantizeOp::create(builder, loc, type.withEncoding(residual_->encoding), matrix.weight,
                                residual_->clip);
      auto f32 = type.withEncoding(EncodingAttr::get(builder.getF32Type()));
      factored = DifferenceOp::create(builder, loc, f32, matrix.weight, kept);
    }
    FailureOr<Shape> shape = measure(matrix, factored, kept, values);
    if (failed(shape)) return failure();
    if (!kept && !force && !shape->saves(matrix.type())) {
      remarkMissed(at, kPass,
                   matrix.describe() + ": rank " + std::to_string(shape->rank) +
                       " saves nothing: N K is not more than r (N + K)");
      return success();
    }
    rewrite(builder, matrix, factored, kept, *shape);
    return success();
  }

  /// A rank, and what is known of it.
  struct Shape {
    int64_t rank;
    double error = -1; ///< relative; negative where values are not known
    bool saves(WeightType type) const {
      return type.getRows() * type.getColumns() > rank * (type.getRows() + type.getColumns());
    }
  };

  FailureOr<Shape> measure(const Matrix &matrix, Value factored, QuantizeOp kept, WeightValues &values) {
    int64_t most = std::min(matrix.type().getRows(), matrix.type().getColumns());
    if (rank > most)
      return emitError(matrix.weight.getLoc())
             << "a rank of " << int64_t(rank) << " is more than " << matrix.type() << " can have";
    if (!values.available()) return Shape{rank};
    Evaluator evaluator(values.params(), values.threads());
    FailureOr<Spectrum> spectrum =
        evaluator.spectrum(factored, rank > 0 ? 1.0 : double(energy), rank > 0 ? int64_t(rank) : most);
    if (failed(spectrum)) return failure();
    auto found = static_cast<int64_t>(spectrum->values.size());
    double squared = 1 - spectrum->energy(found);
    if (kept) {
      FailureOr<StoredError> before = evaluator.difference(kept, matrix.weight);
      if (failed(before)) return failure();
      squared *= before->squaredNorm > 0 ? before->squaredError / before->squaredNorm : 0;
    }
    return Shape{found, std::sqrt(std::max(0.0, squared))};
  }

  void rewrite(OpBuilder &builder, const Matrix &matrix, Value factored, QuantizeOp kept,
               const Shape &shape) {
    EncodingAttr f32 = EncodingAttr::get(builder.getF32Type());
    auto left = WeightType::get({matrix.type().getRows(), shape.rank}, f32);
    auto right = WeightType::get({shape.rank, matrix.type().getColumns()}, f32);
    auto factors = LowRankOp::create(builder, matrix.weight.getLoc(), left, right, factored);
    for (OpOperand *use : matrix.uses) {
      auto linear = cast<LinearOp>(use->getOwner());
      builder.setInsertionPoint(linear);
      Type element = cast<RankedTensorType>(linear.getResult(0).getType()).getElementType();
      Value inner = product(builder, linear.getLoc(), linear.getInput(), factors.getRight(), element);
      Value result = product(builder, linear.getLoc(), inner, factors.getLeft(), element);
      if (kept) {
        Value base = product(builder, linear.getLoc(), linear.getInput(), kept, element);
        result = AddOp::create(builder, linear.getLoc(), base, result);
      }
      linear.getResult(0).replaceAllUsesWith(result);
      linear.erase();
    }
    report(factors, matrix, kept, shape);
  }

  void report(LowRankOp factors, const Matrix &matrix, QuantizeOp kept, const Shape &shape) {
    WeightType type = matrix.type();
    int64_t bits = type.getEncoding().getCodeBits();
    int64_t after = shape.rank * (type.getRows() + type.getColumns()) * bits / 8;
    if (kept) after += packedBytes(kept.getResult().getType());
    std::string text = matrix.describe() + ": " +
                       (kept ? describeEncoding(residual_->encoding) + " with a correction of " : "") +
                       "rank " + std::to_string(shape.rank);
    if (shape.error >= 0) text += ", relative error " + describeRatio(shape.error);
    text += ", " + describeBytes(plainBytes(type)) + " -> " + describeBytes(after) + " with factors of " +
            std::to_string(bits) + " bits";
    remarkPassed(factors, kPass, text);
    if (!kept && !shape.saves(type))
      remarkMissed(factors, kPass, "this rank saves nothing; it was asked for with force");
  }

  std::optional<EncodingChoice> residual_;
};

} // namespace

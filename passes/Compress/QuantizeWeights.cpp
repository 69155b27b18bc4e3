// lathe-quantize-weights: an encoding for every matrix, from a recipe or from what its error asks for.
#include "Compress/Cost.h"
#include "Compress/Passes.h"
#include "Compress/Recipe.h"
#include "Lathe/PackedLayout.h"
#include "Remarks.h"

#include <algorithm>

namespace lathe {
#define GEN_PASS_DEF_QUANTIZEWEIGHTSPASS
#include "Compress/Passes.h.inc"
} // namespace lathe

using namespace mlir;
using namespace lathe;

namespace {

constexpr llvm::StringLiteral kPass = "quantize-weights";

/// A group of matrices, how it is to be stored and why.
struct Decision {
  MatrixGroup group;
  EncodingChoice choice;
  bool adaptive = false; ///< more bits may be given
  double error = 0;      ///< relative, the largest of the group; where values are known
  std::string reason;
};

struct QuantizeWeightsPass : lathe::impl::QuantizeWeightsPassBase<QuantizeWeightsPass> {
  using Base::Base;

  void runOnOperation() override {
    ModuleOp module = getOperation();
    if (failed(readOptions())) return signalPassFailure();
    auto values = WeightValues::open(module, checkpoint, threads);
    if (failed(values)) return signalPassFailure();
    values_ = std::move(*values);
    std::vector<Decision> decisions;
    for (MatrixGroup &group : collectMatrices(module)) decisions.push_back(decide(std::move(group)));
    if (failed(checkProducts(decisions))) return signalPassFailure();
    warnOfIdleRules(module);
    if (failed(adapt(decisions))) return signalPassFailure();
    for (const Decision &decision : decisions) apply(decision);
    widenVectors(module);
    values_.reset();
  }

private:
  LogicalResult readOptions() {
    ModuleOp module = getOperation();
    int64_t columns = 64;
    grouped_ = !group.empty();
    if (group == "channel")
      columns = 0;
    else if (grouped_ && (StringRef(group).getAsInteger(10, columns) || columns < 2 || columns > 65536))
      return module.emitError() << "group: expected a number of columns, 2 to 65536, or channel, got \""
                                << std::string(group) << "\"";
    columns_ = columns;
    if (!llvm::is_contained({"keep", "f32", "f16", "bf16", "int8", "int4"}, std::string(weights)))
      return module.emitError() << "weights: expected keep, f32, f16, bf16, int8 or int4, got \""
                                << std::string(weights) << "\"";
    std::string error;
    std::optional<Recipe> parsed = Recipe::parse(recipe, columns, &getContext(), error);
    if (!parsed) return module.emitError() << error;
    recipe_ = std::move(*parsed);
    return success();
  }

  /// Why no kernel multiplies the integer codes of an encoding by int8 activations; empty where one does, or
  /// products are of floats.
  std::string whyNotMultiplied(const Matrix &matrix, EncodingAttr encoding) {
    if (!integerProducts || !encoding || !encoding.hasIntegerCodes() || !encoding.getScale()) return "";
    auto [rows, columns] = std::pair(encoding.getBlock()[0], encoding.getBlock()[1]);
    bool multiplied =
        llvm::any_of(matrix.uses, [](OpOperand *use) { return isa<LinearOp>(use->getOwner()); });
    if (!multiplied || rows != 1 || columns == 0 || columns >= matrix.type().getColumns()) return "";
    return whyNotInGroups(encoding, columns);
  }

  /// Before anything is measured, which takes its time.
  LogicalResult checkProducts(ArrayRef<Decision> decisions) {
    for (const Decision &decision : decisions)
      for (const Matrix &matrix : decision.group)
        if (std::string why = whyNotMultiplied(matrix, decision.choice.encoding); !why.empty())
          return definition(matrix)->emitError()
                 << matrix.describe() << ": " << describeEncoding(decision.choice.encoding)
                 << (decision.reason.empty() ? "" : " by " + decision.reason) << " " << why
                 << "; take such a group, or activations of f32 or bf16";
    return success();
  }

  /// A rule without effect is mostly a name that is spelled wrong.
  void warnOfIdleRules(ModuleOp module) {
    for (const RecipeRule &rule : recipe_.rules()) {
      if (decisive_.contains(&rule)) continue;
      InFlightDiagnostic warning = emitWarning(module.getLoc())
                                   << "line " << rule.line << " of the recipe has no effect: ";
      if (matching_.contains(&rule))
        warning << "what \"" << rule.pattern << "\" matches is one matrix with parts that take more bits";
      else
        warning << "no matrix that no rule before it takes has a name that \"" << rule.pattern
                << "\" matches";
    }
  }

  /// What the preset says of a matrix.
  EncodingChoice preset(const Matrix &matrix) {
    MLIRContext *context = &getContext();
    std::string error;
    if (weights == "int8") return {integerEncoding(context, 8, grouped_ ? columns_ : 0), ClipKind::MSE};
    if (weights != "int4") return *parseEncoding(std::string(weights), columns_, context, error);
    if (matrix.table || matrix.head) return {integerEncoding(context, 8, 0), ClipKind::MSE};
    return {integerEncoding(context, 4, columns_), ClipKind::MSE};
  }

  Decision decide(MatrixGroup group) {
    Decision decision;
    bool first = true, agree = true, byPreset = false;
    double most = 0;
    SmallVector<const RecipeRule *> rules;
    const RecipeRule *widest = nullptr;
    for (const Matrix &matrix : group) {
      std::vector<std::string> names = matrix.names;
      if (names.empty()) names.push_back("");
      for (const std::string &name : names) {
        const RecipeRule *rule = recipe_.find(name);
        EncodingChoice choice = rule ? rule->choice : preset(matrix);
        if (rule) rules.push_back(rule);
        byPreset |= !rule && !matrix.table && !matrix.head;
        EncodingAttr stored = choice.encoding ? choice.encoding : matrix.type().getEncoding();
        double bits = stored.getBitsPerWeight(matrix.type().getRows(), matrix.type().getColumns());
        agree &= first || choice == decision.choice;
        if (first || bits > most) {
          most = bits;
          widest = rule;
          decision.choice = choice;
          decision.reason = rule ? "rule \"" + rule->pattern + "\"" : "";
        }
        first = false;
      }
    }
    matching_.insert_range(rules);
    if (agree)
      decisive_.insert_range(rules);
    else if (widest)
      decisive_.insert(widest);
    if (!agree)
      remarkMissed(definition(group.front()), kPass,
                   "parts of one matrix match different rules; all of them take the one of most bits");
    EncodingAttr encoding = decision.choice.encoding;
    if (encoding && encoding.getBitmap() && llvm::any_of(group, [](const Matrix &m) { return m.table; })) {
      decision.choice.encoding = withBitmap(encoding, false);
      remarkMissed(definition(group.front()), kPass,
                   group.front().describe() +
                       ": stored with its zeros: an embedding reads it row by row, and a bitmap has no rows");
    }
    decision.adaptive = agree && byPreset && weights == "int4";
    decision.group = std::move(group);
    return decision;
  }

  static Operation *definition(const Matrix &matrix) {
    Operation *op = matrix.weight.getDefiningOp();
    return op ? op : matrix.uses.front()->getOwner();
  }

  /// The matrix as it was chosen: pruned, then in its encoding. The matrix itself where nothing changes.
  Value compressed(const Matrix &matrix, EncodingChoice choice) {
    OpBuilder builder(&getContext());
    builder.setInsertionPointAfterValue(matrix.weight);
    Value result = matrix.weight;
    Location loc = result.getLoc();
    if (choice.pruned > 0)
      result = PruneOp::create(builder, loc, matrix.type(), result, builder.getF64FloatAttr(choice.pruned),
                               FloatAttr());
    if (choice.encoding && choice.encoding != matrix.type().getEncoding())
      result =
          QuantizeOp::create(builder, loc, matrix.type().withEncoding(choice.encoding), result, choice.clip);
    return result;
  }

  /// Takes back what compressed() made.
  static void erase(Value value, const Matrix &matrix) {
    while (value != matrix.weight) {
      Operation *op = value.getDefiningOp();
      value = op->getOperand(0);
      op->erase();
    }
  }

  /// The relative error of a group in an encoding: the largest of its matrices.
  FailureOr<double> errorOf(const MatrixGroup &group, EncodingChoice choice) {
    double largest = 0;
    for (const Matrix &matrix : group) {
      Value tried = compressed(matrix, choice);
      // An evaluator of its own: what a transposed matrix holds is freed with it.
      FailureOr<StoredError> error =
          Evaluator(values_->params(), values_->threads()).difference(tried, matrix.weight, kSampledRows);
      erase(tried, matrix);
      if (failed(error)) return failure();
      largest = std::max(largest, error->relative());
    }
    return largest;
  }

  /// Measures every change, then gives more bits to what loses more than the others.
  LogicalResult adapt(std::vector<Decision> &decisions) {
    bool adaptive = llvm::any_of(decisions, [](const Decision &decision) { return decision.adaptive; });
    if (!values_->available()) {
      if (!adaptive) return success();
      return values_->require("weights=int4 measures errors and needs");
    }
    std::vector<double> errors;
    for (Decision &decision : decisions) {
      if (!decision.choice.encoding && !(decision.choice.pruned > 0)) continue;
      FailureOr<double> error = errorOf(decision.group, decision.choice);
      if (failed(error)) return failure();
      decision.error = *error;
      if (decision.adaptive) errors.push_back(*error);
    }
    if (errors.empty()) return success();
    llvm::sort(errors);
    double median = errors[errors.size() / 2], bound = 1.35 * median;
    if (columns_ && columns_ <= 128) bound = std::min(bound, 0.13);
    for (Decision &decision : decisions)
      if (decision.adaptive && decision.error > bound && failed(giveBits(decision, median, bound)))
        return failure();
    return success();
  }

  LogicalResult giveBits(Decision &decision, double median, double bound) {
    double before = decision.error;
    for (unsigned bits : {5, 6, 8}) {
      EncodingAttr encoding = integerEncoding(&getContext(), bits, columns_);
      if (llvm::any_of(decision.group,
                       [&](const Matrix &m) { return !whyNotMultiplied(m, encoding).empty(); }))
        continue;
      decision.choice.encoding = encoding;
      FailureOr<double> error = errorOf(decision.group, decision.choice);
      if (failed(error)) return failure();
      decision.error = *error;
      if (*error <= bound) break;
    }
    decision.reason = "more bits, since int4 would err by " + describeRatio(before) + " (the median is " +
                      describeRatio(median) + ")";
    return success();
  }

  void apply(const Decision &decision) {
    for (const Matrix &matrix : decision.group) {
      Value result = compressed(matrix, decision.choice);
      if (result == matrix.weight) continue;
      replaceUses(matrix, result);
      report(result, matrix, decision);
    }
  }

  void report(Value result, const Matrix &matrix, const Decision &decision) {
    WeightType before = matrix.type(), after = cast<WeightType>(result.getType());
    Operation *op = result.getDefiningOp();
    std::string text = matrix.describe() + ": " + describeEncoding(after.getEncoding());
    if (decision.choice.pruned > 0) text += ", " + describeRatio(100 * decision.choice.pruned) + " % pruned";
    if (!decision.reason.empty()) text += " by " + decision.reason;
    if (values_->available()) text += ", relative error " + describeRatio(decision.error);
    // What a bitmap leaves out is not in the type.
    EncodingAttr encoding = after.getEncoding();
    double bits = encoding.getBitsPerWeight(after.getRows(), after.getColumns());
    int64_t bytes = packedBytes(after);
    if (encoding.getBitmap()) {
      unsigned stored = std::max(8u, encoding.getCodeBits());
      bits += (1 - decision.choice.pruned) * stored - encoding.getCodeBits();
      bytes -= static_cast<int64_t>(decision.choice.pruned * double(after.getRows() * after.getColumns()) *
                                    stored / 8);
    }
    text += ", " + describeBytes(plainBytes(before)) + " -> " + describeBytes(bytes) + ", " +
            describeRatio(bits) + " bits per weight";
    remarkPassed(op, kPass, text);
  }

  /// Vectors in f32, once each, for every op that is no weight expression.
  void widenVectors(ModuleOp module) {
    llvm::DenseMap<Value, Value> widened;
    module.walk([&](Operation *op) {
      if (op->getNumResults() && isa<WeightType>(op->getResult(0).getType())) return;
      for (OpOperand &operand : op->getOpOperands()) {
        auto type = dyn_cast<WeightType>(operand.get().getType());
        if (!type || !type.isVector() || !type.getEncoding().isPlain() ||
            type.getEncoding().getCodes().isF32())
          continue;
        Value &wide = widened[operand.get()];
        if (!wide) {
          OpBuilder builder(&getContext());
          builder.setInsertionPointAfterValue(operand.get());
          auto f32 = type.withEncoding(EncodingAttr::get(builder.getF32Type()));
          wide = QuantizeOp::create(builder, operand.get().getLoc(), f32, operand.get(), ClipKind::None);
        }
        operand.set(wide);
      }
    });
  }

  std::shared_ptr<WeightValues> values_;
  Recipe recipe_;
  llvm::SmallPtrSet<const RecipeRule *, 8> matching_, decisive_;
  int64_t columns_ = 64;
  bool grouped_ = false;
};

} // namespace

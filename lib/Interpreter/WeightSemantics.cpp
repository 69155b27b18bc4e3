#include "Interpreter/Weights.h"
#include "Weights/FormatOf.h"

#include "llvm/ADT/TypeSwitch.h"

#include <cmath>
#include <numeric>

using namespace mlir;

namespace lathe::interpreter {

static Weight concat(ArrayRef<std::shared_ptr<const Weight>> parts, WeightType type) {
  Weight result(0, type.getColumns());
  for (const auto &part : parts)
    result.values.insert(result.values.end(), part->values.begin(), part->values.end());
  result.rows = type.getRows();
  return result;
}

static Weight transpose(const Weight &w) {
  Weight result(w.columns, w.rows);
  for (int64_t n = 0; n < w.rows; ++n)
    for (int64_t k = 0; k < w.columns; ++k) result.values[k * w.rows + n] = w.at(n, k);
  return result;
}

static Weight rows(const Weight &w, int64_t first, WeightType from, WeightType type) {
  Weight result(type.getRows(), type.getColumns());
  auto begin = w.values.begin() + first * (from.isVector() ? 1 : w.columns);
  std::copy_n(begin, result.values.size(), result.values.begin());
  return result;
}

static Weight scaleColumns(const Weight &w, const Weight &scale) {
  Weight result(w.rows, w.columns);
  for (int64_t n = 0; n < w.rows; ++n)
    for (int64_t k = 0; k < w.columns; ++k) result.values[n * w.columns + k] = w.at(n, k) * scale.values[k];
  return result;
}

static Weight difference(const Weight &a, const Weight &b) {
  Weight result(a.rows, a.columns);
  for (size_t i = 0; i < result.values.size(); ++i) result.values[i] = a.values[i] - b.values[i];
  return result;
}

/// The floor(share * size) smallest magnitudes become zero; of equal ones the first.
static Weight pruneShare(const Weight &w, double share) {
  Weight result(w.rows, w.columns);
  result.values = w.values;
  std::vector<size_t> order(w.values.size());
  std::iota(order.begin(), order.end(), 0);
  std::sort(order.begin(), order.end(), [&](size_t a, size_t b) {
    return std::pair(std::fabs(w.values[a]), a) < std::pair(std::fabs(w.values[b]), b);
  });
  auto count = static_cast<size_t>(share * static_cast<double>(w.values.size()));
  for (size_t i = 0; i < count; ++i) result.values[order[i]] = 0;
  return result;
}

static Weight pruneBelow(const Weight &w, double threshold) {
  Weight result(w.rows, w.columns);
  for (size_t i = 0; i < w.values.size(); ++i)
    if (std::fabs(w.values[i]) >= threshold) result.values[i] = w.values[i];
  return result;
}

static FailureOr<Weight> parameter(ParamOp op, const ParamSource &params) {
  auto type = cast<WeightType>(op.getResult().getType());
  if (!type.getEncoding().isPlain())
    return op.emitOpError("a parameter that is stored as codes has no decoder here");
  Result<ParamTensor> tensor = params.find(op.getScope(), op.getKey());
  if (!tensor) return op.emitOpError("can't be resolved: ") << tensor.status().message();
  if (ArrayRef<int64_t>(tensor->shape) != type.getShape())
    return op.emitOpError("names a tensor of another shape: ") << shapeText(tensor->shape);
  Weight weight(type.getRows(), type.getColumns());
  if (Status status = tensor->read(0, weight.values); !status.ok())
    return op.emitOpError("can't be read: ") << status.message();
  return weight;
}

/// The quantizer's result in the interpreter's form: integer codes without the bias they are stored with.
static std::shared_ptr<StoredMatrix> storedMatrix(const Encoded &encoded, EncodingAttr encoding) {
  auto stored = std::make_shared<StoredMatrix>(
      StoredMatrix{encoding, encoded.rows, encoded.columns, {}, nullptr, nullptr});
  stored->codes.assign(encoded.codes.begin(), encoded.codes.end());
  if (stored->codes.empty()) stored->codes.assign(encoded.wide.begin(), encoded.wide.end());
  if (encoding.getCodes().isSignedInteger())
    for (int32_t &code : stored->codes) code -= 1 << (encoding.getCodeBits() - 1);
  if (encoded.scale) stored->scale = storedMatrix(*encoded.scale, encoding.getScale());
  if (encoded.offset) stored->offset = storedMatrix(*encoded.offset, encoding.getOffset());
  return stored;
}

static FailureOr<Weight> quantize(QuantizeOp op, const Weight &weight) {
  EncodingAttr encoding = cast<WeightType>(op.getResult().getType()).getEncoding();
  auto format = formatOf(encoding, [&] { return op.emitOpError(); });
  if (failed(format)) return failure();
  bool clip = op.getClip() == ClipKind::MSE;
  return decode(
      *storedMatrix(lathe::quantize(**format, weight.values, weight.rows, weight.columns, clip), encoding));
}

FailureOr<std::shared_ptr<const Weight>> WeightEvaluator::evaluate(Value value) {
  auto known = known_.find(value);
  if (known != known_.end()) return known->second;
  Operation *op = value.getDefiningOp();
  if (!op) return emitError(value.getLoc(), "a weight that no weight expression gives");
  if (failed(evaluate(op))) return failure();
  return known_.lookup(value);
}

LogicalResult WeightEvaluator::evaluate(Operation *op) {
  SmallVector<std::shared_ptr<const Weight>> in;
  for (Value operand : op->getOperands()) {
    FailureOr<std::shared_ptr<const Weight>> weight = evaluate(operand);
    if (failed(weight)) return failure();
    in.push_back(*weight);
  }
  Value result = op->getResult(0);
  auto type = cast<WeightType>(result.getType());
  return llvm::TypeSwitch<Operation *, LogicalResult>(op)
      .Case([&](ParamOp param) -> LogicalResult {
        FailureOr<Weight> values = parameter(param, params_);
        if (failed(values)) return failure();
        define(result, std::move(*values));
        return success();
      })
      .Case([&](ConcatOp) { return define(result, concat(in, type)), success(); })
      .Case([&](TransposeOp) { return define(result, transpose(*in[0])), success(); })
      .Case([&](RowsOp rowsOp) {
        return define(result, rows(*in[0], rowsOp.getFirst(), rowsOp.getWeight().getType(), type)), success();
      })
      .Case([&](ScaleColumnsOp) { return define(result, scaleColumns(*in[0], *in[1])), success(); })
      .Case([&](DifferenceOp) { return define(result, difference(*in[0], *in[1])), success(); })
      .Case([&](QuantizeOp quantize) -> LogicalResult {
        FailureOr<Weight> rounded = interpreter::quantize(quantize, *in[0]);
        if (failed(rounded)) return failure();
        define(result, std::move(*rounded));
        return success();
      })
      .Case([&](PruneOp prune) {
        define(result, prune.getShare() ? pruneShare(*in[0], prune.getShare()->convertToDouble())
                                        : pruneBelow(*in[0], prune.getThreshold()->convertToDouble()));
        return success();
      })
      .Case([&](LowRankOp lowRank) {
        auto [left, right] = truncatedSvd(*in[0], cast<WeightType>(lowRank.getLeft().getType()).getColumns());
        define(lowRank.getLeft(), std::move(left));
        define(lowRank.getRight(), std::move(right));
        return success();
      })
      .Case([&](PackOp) { return define(result, *in[0]), success(); }) // the same matrix in another layout
      .Default([](Operation *other) { return other->emitOpError("is not a weight expression"); });
}

} // namespace lathe::interpreter

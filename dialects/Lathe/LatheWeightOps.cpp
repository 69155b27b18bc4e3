// Verifiers and folders of weight expressions. The (C1) ... in an error are the constraints in the op's documentation.
#include "Lathe/LatheDialect.h"

#include "mlir/IR/OpImplementation.h"

using namespace mlir;
using namespace lathe;

static WeightType typeOf(Value value) { return cast<WeightType>(value.getType()); }

void ParamOp::getAsmResultNames(OpAsmSetValueNameFn setName) {
  // "model.layers.0.self_attn.q_proj.weight" reads best as %layers_0_q_proj.
  SmallVector<StringRef> parts;
  getKey().split(parts, '.');
  std::string name;
  for (StringRef part : parts)
    if (part != "model" && part != "weight" && part != "self_attn" && part != "mlp" && part != "transformer" &&
        part != "bert")
      name += (name.empty() ? "" : "_") + part.str();
  if (!name.empty() && !isdigit(static_cast<unsigned char>(name.front()))) setName(getResult(), name);
}

LogicalResult ConcatOp::verify() {
  WeightType result = getResult().getType();
  if (getParts().empty()) return emitOpError("(C1) needs at least one part");
  int64_t total = 0;
  for (Value part : getParts()) {
    WeightType type = typeOf(part);
    if (type.isVector() != result.isVector() || (!result.isVector() && type.getColumns() != result.getColumns()))
      return emitOpError("(C1) part of type ") << type << " does not stack up to " << result;
    if (type.getEncoding() != result.getEncoding() || !type.getEncoding().isPlain() || type.getPanel())
      return emitOpError("(C3) parts and result need the same plain encoding");
    total += type.getShape()[0];
  }
  if (total != result.getShape()[0])
    return emitOpError("(C2) parts add up to ") << total << " rows, the result has " << result.getShape()[0];
  return success();
}

OpFoldResult ConcatOp::fold(FoldAdaptor) { return getParts().size() == 1 ? OpFoldResult(getParts()[0]) : OpFoldResult(); }

LogicalResult TransposeOp::verify() {
  WeightType in = getWeight().getType(), out = getResult().getType();
  if (in.isVector() || out.isVector()) return emitOpError("(C1) needs a matrix");
  if (in.getRows() != out.getColumns() || in.getColumns() != out.getRows())
    return emitOpError("(C2) ") << out << " is not the transpose of " << in;
  if (in.getEncoding() != out.getEncoding() || !in.getEncoding().isPlain() || in.getPanel() || out.getPanel())
    return emitOpError("(C3) operand and result need the same plain encoding");
  return success();
}

OpFoldResult TransposeOp::fold(FoldAdaptor) {
  auto inner = getWeight().getDefiningOp<TransposeOp>();
  return inner ? OpFoldResult(inner.getWeight()) : OpFoldResult();
}

LogicalResult RowsOp::verify() {
  WeightType in = getWeight().getType(), out = getResult().getType();
  bool oneRow = !in.isVector() && out.isVector();
  int64_t count = oneRow ? 1 : out.getShape()[0];
  int64_t first = getFirst();
  if (first < 0 || count > in.getShape()[0] || first > in.getShape()[0] - count)
    return emitOpError("(C1) takes ") << count << " rows from " << first << " on of " << in;
  if (!in.isVector() && in.getColumns() != out.getColumns()) return emitOpError("(C2) columns differ: ") << in << ", " << out;
  if (in.isVector() && !out.isVector()) return emitOpError("(C2) a vector has no rows to make a matrix of");
  if (in.getEncoding() != out.getEncoding() || !in.getEncoding().isPlain() || in.getPanel() || out.getPanel())
    return emitOpError("(C3) operand and result need the same plain encoding");
  return success();
}

LogicalResult ScaleColumnsOp::verify() {
  WeightType in = getWeight().getType(), scale = getScale().getType(), out = getResult().getType();
  if (!scale.isVector() || scale.getColumns() != in.getColumns())
    return emitOpError("(C1) the scale needs ") << in.getColumns() << " entries, got " << scale;
  if (out.getShape() != in.getShape() || !out.getEncoding().isPlain() || !out.getEncoding().getCodes().isF32() || out.getPanel())
    return emitOpError("(C2) the result must be plain f32 of the operand's shape");
  return success();
}

LogicalResult QuantizeOp::verify() {
  WeightType in = getWeight().getType(), out = getResult().getType();
  if (in.getShape() != out.getShape() || in.getPanel() || out.getPanel())
    return emitOpError("(C1) shapes differ: ") << in << ", " << out;
  if (!in.getEncoding().isPlain()) return emitOpError("(C2) the operand is quantized already: ") << in;
  return success();
}

OpFoldResult QuantizeOp::fold(FoldAdaptor) {
  return getWeight().getType() == getResult().getType() ? OpFoldResult(getWeight()) : OpFoldResult();
}

LogicalResult PruneOp::verify() {
  if (getShare().has_value() == getThreshold().has_value()) return emitOpError("(C1) needs either a share or a threshold");
  if (getShare()) {
    double share = getShare()->convertToDouble();
    if (!(share >= 0 && share < 1)) return emitOpError("(C1) a share lies in [0, 1), got ") << share;
  }
  if (getThreshold() && !(getThreshold()->convertToDouble() >= 0))
    return emitOpError("(C1) a threshold is at least 0, got ") << getThreshold()->convertToDouble();
  if (!getWeight().getType().getEncoding().isPlain() || getWeight().getType().getPanel())
    return emitOpError("(C2) the operand must be plain");
  return success();
}

LogicalResult LowRankOp::verify() {
  WeightType in = getWeight().getType(), left = getLeft().getType(), right = getRight().getType();
  if (in.isVector() || left.isVector() || right.isVector()) return emitOpError("(C1) needs matrices");
  int64_t rank = left.getColumns();
  if (left.getRows() != in.getRows() || right.getColumns() != in.getColumns() || right.getRows() != rank)
    return emitOpError("(C1) ") << left << " times " << right << " is not of the shape of " << in;
  if (rank > std::min(in.getRows(), in.getColumns()))
    return emitOpError("(C1) a rank of ") << rank << " is more than " << in << " can have";
  for (WeightType factor : {left, right})
    if (!factor.getEncoding().isPlain() || !factor.getEncoding().getCodes().isF32() || factor.getPanel())
      return emitOpError("(C2) factors are plain f32");
  if (!in.getEncoding().isPlain() || in.getPanel()) return emitOpError("(C3) the operand must be plain");
  return success();
}

LogicalResult DifferenceOp::verify() {
  WeightType left = getLeft().getType(), right = getRight().getType(), out = getResult().getType();
  if (left.getShape() != right.getShape() || left.getShape() != out.getShape() || left.getPanel() || right.getPanel())
    return emitOpError("(C1) shapes differ: ") << left << ", " << right << ", " << out;
  if (!out.getEncoding().isPlain() || !out.getEncoding().getCodes().isF32() || out.getPanel())
    return emitOpError("(C2) the result is plain f32");
  return success();
}

LogicalResult PackOp::verify() {
  WeightType in = getWeight().getType(), out = getResult().getType();
  if (in.getShape() != out.getShape() || in.getEncoding() != out.getEncoding())
    return emitOpError("(C1) packing changes neither shape nor encoding: ") << in << ", " << out;
  if (in.getPanel() || !out.getPanel()) return emitOpError("(C2) packs row-major storage into panels");
  if (in.isVector()) return emitOpError("(C3) needs a matrix");
  return success();
}

// The layers that families are made of.
#include "Import/ModelBuilder.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"

using namespace mlir;
using namespace lathe;

static int64_t columnsOf(Value x) { return cast<RankedTensorType>(x.getType()).getDimSize(1); }

RankedTensorType ModelBuilder::rows(int64_t columns) {
  return RankedTensorType::get({ShapedType::kDynamic, columns}, builder_.getF32Type());
}

static RankedTensorType indices(OpBuilder &builder) {
  return RankedTensorType::get({ShapedType::kDynamic}, builder.getI32Type());
}

Value ModelBuilder::tokens() { return TokensOp::create(builder_, here(), indices(builder_), batch_); }

Value ModelBuilder::positions() { return PositionsOp::create(builder_, here(), indices(builder_), batch_); }

Value ModelBuilder::selectOutputs(Value x) {
  return SelectOutputsOp::create(builder_, here(), x.getType(), x, batch_);
}

Value ModelBuilder::pool(PoolKind kind, Value x) {
  return PoolOp::create(builder_, here("pool"), x.getType(), kind, x, batch_);
}

Value ModelBuilder::embedding(Value ids, Value table) {
  return EmbeddingOp::create(builder_, table.getLoc(), rows(cast<WeightType>(table.getType()).getColumns()),
                             ids, table);
}

Value ModelBuilder::linear(Value x, Value weight) {
  Type type = rows(cast<WeightType>(weight.getType()).getRows());
  return LinearOp::create(builder_, weight.getLoc(), type, x, weight).getResult(0);
}

Value ModelBuilder::linear(Value x, const std::string &name, int64_t columns, bool bias) {
  Value weight = parameter(name + ".weight", {columns, columnsOf(x)});
  Value y = LinearOp::create(builder_, here(name), rows(columns), x, weight).getResult(0);
  return bias ? addVector(y, parameter(name + ".bias", {columns})) : y;
}

Value ModelBuilder::conv1d(Value x, const std::string &name, int64_t columns) {
  Value stored = parameter(name + ".weight", {columnsOf(x), columns});
  auto type = cast<WeightType>(stored.getType());
  Value weight = TransposeOp::create(builder_, here(name),
                                     WeightType::get({columns, columnsOf(x)}, type.getEncoding()), stored);
  Value y = LinearOp::create(builder_, here(name), rows(columns), x, weight).getResult(0);
  return addVector(y, parameter(name + ".bias", {columns}));
}

Value ModelBuilder::rmsNorm(Value x, const std::string &name, double epsilon) {
  Value scale = parameter(name + ".weight", {columnsOf(x)});
  return RMSNormOp::create(builder_, here(name), x.getType(), x, scale, builder_.getF32FloatAttr(epsilon));
}

Value ModelBuilder::layerNorm(Value x, const std::string &name, double epsilon) {
  Value scale = parameter(name + ".weight", {columnsOf(x)});
  Value bias = parameter(name + ".bias", {columnsOf(x)});
  return LayerNormOp::create(builder_, here(name), x.getType(), x, scale, bias,
                             builder_.getF32FloatAttr(epsilon));
}

Value ModelBuilder::l2Normalize(Value x, double epsilon) {
  return L2NormalizeOp::create(builder_, here("normalize"), x.getType(), x,
                               builder_.getF32FloatAttr(epsilon));
}

static ActivationKind activationKind(Activation kind) {
  switch (kind) {
  case Activation::Silu:
    return ActivationKind::SiLU;
  case Activation::Gelu:
    return ActivationKind::GELU;
  case Activation::GeluTanh:
    return ActivationKind::GELUTanh;
  case Activation::Relu:
    return ActivationKind::ReLU;
  }
  llvm_unreachable("all kinds are handled");
}

Value ModelBuilder::activation(Activation kind, Value x) {
  return ActivationOp::create(builder_, here("activation"), x.getType(), activationKind(kind), x);
}

Value ModelBuilder::add(Value x, Value y) { return AddOp::create(builder_, here(), x.getType(), x, y); }

Value ModelBuilder::mul(Value x, Value y) { return MulOp::create(builder_, here(), x.getType(), x, y); }

Value ModelBuilder::addVector(Value x, Value vector) {
  return BiasOp::create(builder_, vector.getLoc(), x.getType(), x, vector);
}

Value ModelBuilder::row(Value matrix, int64_t index) {
  auto type = cast<WeightType>(matrix.getType());
  auto vector = WeightType::get({type.getColumns()}, type.getEncoding());
  return RowsOp::create(builder_, matrix.getLoc(), vector, matrix, builder_.getI64IntegerAttr(index));
}

std::vector<Value> ModelBuilder::split(Value x, int64_t parts) {
  SmallVector<Type> types(parts, rows(columnsOf(x) / parts));
  auto op = SplitOp::create(builder_, x.getLoc(), types, x);
  return {op.getParts().begin(), op.getParts().end()};
}

Value ModelBuilder::ropeTable(const std::vector<float> &frequencies) {
  return RopeTableOp::create(builder_, here("rope"), rows(2 * int64_t(frequencies.size())), positions(),
                             builder_.getDenseF32ArrayAttr(frequencies), builder_.getF32FloatAttr(1));
}

Value ModelBuilder::rope(Value x, Value table, int64_t heads) {
  return RopeOp::create(builder_, here("rope"), x.getType(), x, table, builder_.getI64IntegerAttr(heads));
}

Value ModelBuilder::cachedAttention(Value q, Value k, Value v, int64_t heads, int64_t kvHeads, double scale) {
  Location loc = here("attention");
  std::string name = "kv" + std::to_string(states_++);
  auto state = StateType::get(builder_.getContext(), StateKind::Growing, {2, kvHeads, columnsOf(k) / kvHeads},
                              builder_.getF32Type());
  {
    OpBuilder::InsertionGuard guard(builder_);
    builder_.setInsertionPoint(entry_);
    StateDeclOp::create(builder_, loc, name, state);
  }
  auto symbol = FlatSymbolRefAttr::get(builder_.getContext(), name);
  CacheWriteOp::create(builder_, loc, k, v, batch_, symbol);
  return AttentionOp::create(builder_, loc, q.getType(), q, /*keys=*/Value(), /*values=*/Value(), batch_,
                             symbol, builder_.getI64IntegerAttr(heads), builder_.getI64IntegerAttr(kvHeads),
                             builder_.getF32FloatAttr(scale), /*causal=*/builder_.getUnitAttr());
}

Value ModelBuilder::fullAttention(Value q, Value k, Value v, int64_t heads, double scale) {
  return AttentionOp::create(builder_, here("attention"), q.getType(), q, k, v, batch_,
                             /*state=*/FlatSymbolRefAttr(), builder_.getI64IntegerAttr(heads),
                             builder_.getI64IntegerAttr(heads), builder_.getF32FloatAttr(scale),
                             /*causal=*/UnitAttr());
}

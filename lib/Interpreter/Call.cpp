#include "Interpreter/Call.h"

#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;

namespace lathe::interpreter {

LogicalResult checkBatch(const Batch &batch, Location loc) {
  int64_t rows = batch.size();
  if (int64_t(batch.positions.size()) != rows || int64_t(batch.slots.size()) != rows)
    return emitError(loc, "the batch needs a token, a position and a slot for each row");
  std::set<int32_t> seen;
  for (int64_t m = 0; m < rows; ++m) {
    if (batch.positions[m] < 0)
      return emitError(loc, "row ") << m << " has the negative position " << batch.positions[m];
    if (m > 0 && batch.slots[m] == batch.slots[m - 1]) {
      if (batch.positions[m] != batch.positions[m - 1] + 1)
        return emitError(loc, "row ") << m << " is at position " << batch.positions[m]
                                      << " of its slot, after position " << batch.positions[m - 1];
    } else if (!seen.insert(batch.slots[m]).second) {
      return emitError(loc, "the rows of slot ") << batch.slots[m] << " don't stand together";
    }
  }
  for (size_t i = 0; i < batch.outputs.size(); ++i)
    if (batch.outputs[i] < (i ? batch.outputs[i - 1] + 1 : 0) || batch.outputs[i] >= rows)
      return emitError(loc, "outputs must be row numbers in ascending order, got ") << batch.outputs[i];
  if (!batch.draws.empty() && batch.draws.size() != batch.outputs.size())
    return emitError(loc, "the batch has ")
           << batch.draws.size() << " draws for " << batch.outputs.size() << " outputs";
  return success();
}

LogicalResult Call::give(Value value, Rows rows) {
  roundTo(cast<FloatType>(cast<RankedTensorType>(value.getType()).getElementType()), rows.values);
  if (observe_) observe_(value, rows);
  define(value, std::move(rows));
  return success();
}

FailureOr<std::vector<Datum>> Call::execute(Block &block) {
  for (Operation &op : block.without_terminator())
    if (failed(execute(&op))) return failure();
  std::vector<Datum> results;
  for (Value value : block.getTerminator()->getOperands()) results.push_back(data_.at(value));
  return results;
}

/// Rows that meet in one op must be as many: the verifier sees only `?`.
LogicalResult Call::checkRows(Operation *op) {
  int64_t count = -1;
  for (Value operand : op->getOperands()) {
    auto *rows = std::get_if<Rows>(&data_.at(operand));
    if (!rows) continue;
    if (count >= 0 && rows->rows != count)
      return op->emitOpError("meets ") << count << " and " << rows->rows << " rows";
    count = rows->rows;
  }
  bool ofBatch = llvm::any_of(op->getOperandTypes(), [](Type type) { return isa<BatchType>(type); });
  int64_t expected = isa<TopLogitsOp>(op) ? int64_t(batch_.outputs.size()) : batch_.size();
  if (ofBatch && count >= 0 && count != expected)
    return op->emitOpError("has ") << count << " rows where the batch has " << expected;
  return success();
}

LogicalResult Call::execute(Operation *op) {
  if (op->getNumResults() && isa<WeightType>(op->getResult(0).getType())) {
    for (Value result : op->getResults()) {
      FailureOr<std::shared_ptr<const Weight>> weight = weights_.evaluate(result);
      if (failed(weight)) return failure();
      define(result, *weight);
    }
    return success();
  }
  if (failed(checkRows(op))) return failure();
  return llvm::TypeSwitch<Operation *, LogicalResult>(op)
      .Case([&](TokensOp tokens) { return define(tokens, batch_.tokens), success(); })
      .Case([&](PositionsOp positions) { return define(positions, batch_.positions), success(); })
      .Case([&](RopeTableOp table) {
        return give(table, ropeTable(std::get<Indices>(data_.at(table.getPositions())),
                                     table.getFrequencies(), table.getFactor().convertToFloat()));
      })
      .Case([&](QuantizeRowsOp quantize) {
        auto type = cast<RankedTensorType>(quantize.getResult().getType());
        int64_t group = cast<QuantizedRowsAttr>(type.getEncoding()).getGroup();
        return define(quantize, quantizeRows(rows(quantize.getInput()), group)), success();
      })
      .Case<EmbeddingOp, LinearOp, SplitOp, CacheWriteOp, AttentionOp, DecayScanOp, DispatchOp>(
          [&](auto known) { return execute(known); })
      .Default([&](Operation *other) { return executePointwise(other); });
}

/// Ops with one set of rows in and one out.
LogicalResult Call::executePointwise(Operation *op) {
  auto in = [&](unsigned index) -> const Rows & { return rows(op->getOperand(index)); };
  return llvm::TypeSwitch<Operation *, LogicalResult>(op)
      .Case([&](SelectOutputsOp select) { return give(select, selectRows(in(0), batch_.outputs)); })
      .Case([&](PoolOp p) { return give(p, pool(p.getKind(), in(0), batch_)); })
      .Case([&](TopLogitsOp top) { return give(top, topLogits(in(0), top.getCount(), batch_)); })
      .Case([&](AddOp sum) { return give(sum, add(in(0), in(1))); })
      .Case([&](MulOp product) { return give(product, mul(in(0), in(1))); })
      .Case([&](ScaleOp scaled) { return give(scaled, scale(in(0), scaled.getFactor().convertToFloat())); })
      .Case([&](BiasOp biased) { return give(biased, bias(in(0), weight(biased.getBias()))); })
      .Case([&](ActivationOp a) { return give(a, activation(in(0), a.getKind())); })
      .Case([&](ConvertOp convert) { return give(convert, in(0)); })
      .Case([&](RMSNormOp norm) {
        const Weight *scale = norm.getScale() ? &weight(norm.getScale()) : nullptr;
        return give(norm, rmsNorm(in(0), scale, norm.getEpsilon().convertToFloat()));
      })
      .Case([&](LayerNormOp norm) {
        return give(norm, layerNorm(in(0), weight(norm.getScale()), weight(norm.getBias()),
                                    norm.getEpsilon().convertToFloat()));
      })
      .Case([&](L2NormalizeOp norm) {
        return give(norm, l2Normalize(in(0), norm.getEpsilon().convertToFloat()));
      })
      .Case([&](RopeOp turned) { return give(turned, rope(in(0), in(1), turned.getHeads())); })
      .Default([](Operation *other) { return other->emitOpError("is not an op that the interpreter runs"); });
}

LogicalResult Call::execute(EmbeddingOp op) {
  const auto &ids = std::get<Indices>(data_.at(op.getIds()));
  const Weight &table = weight(op.getTable());
  for (size_t m = 0; m < ids.size(); ++m)
    if (ids[m] < 0 || ids[m] >= table.rows)
      return op.emitOpError("row ") << m << " asks for entry " << ids[m] << " of a table of " << table.rows;
  return give(op, embedding(ids, table));
}

LogicalResult Call::execute(LinearOp op) {
  const Datum &input = data_.at(op.getInput());
  SmallVector<Rows> products;
  for (Value w : op.getWeights()) {
    auto *quantized = std::get_if<QuantizedRows>(&input);
    products.push_back(quantized ? linear(*quantized, weight(w)) : linear(std::get<Rows>(input), weight(w)));
  }
  for (auto [result, product] : llvm::zip(op.getResults(), products))
    if (failed(give(result, std::move(product)))) return failure();
  return success();
}

LogicalResult Call::execute(SplitOp op) {
  Rows input = rows(op.getInput());
  int64_t first = 0;
  for (Value part : op.getParts()) {
    int64_t count = cast<RankedTensorType>(part.getType()).getDimSize(1);
    if (failed(give(part, columns(input, first, count)))) return failure();
    first += count;
  }
  return success();
}

Call::BoundState Call::state(Operation *op, FlatSymbolRefAttr name) {
  auto bound = bound_.find(name.getValue().str());
  if (bound != bound_.end()) return bound->second;
  return {name.getValue().str(),
          cast<StateType>(SymbolTable::lookupNearestSymbolFrom<StateDeclOp>(op, name).getType())};
}

LogicalResult Call::execute(CacheWriteOp op) {
  auto [symbol, type] = state(op, op.getStateAttr());
  Cache &cache = states_.caches[symbol];
  for (int64_t m = 0; m < batch_.size(); ++m) {
    bool first = m == 0 || batch_.slots[m] != batch_.slots[m - 1];
    if (int64_t stored = cache[batch_.slots[m]].keys.size(); first && batch_.positions[m] > stored)
      return op.emitOpError("row ") << m << " is at position " << batch_.positions[m]
                                    << ", but its slot has only " << stored;
  }
  cacheWrite(rows(op.getKeys()), rows(op.getValues()), batch_, cast<FloatType>(type.getElementType()), cache);
  return success();
}

LogicalResult Call::execute(AttentionOp op) {
  float scale = op.getScale().convertToFloat();
  int64_t heads = op.getHeads(), kvHeads = op.getKvHeads();
  if (!op.getState())
    return give(op, attention(rows(op.getQuery()), rows(op.getKeys()), rows(op.getValues()), batch_, heads,
                              kvHeads, scale, op.getCausal()));
  Cache &cache = states_.caches[state(op, op.getStateAttr()).symbol];
  for (int64_t m = 0; m < batch_.size(); ++m)
    if (int64_t stored = cache[batch_.slots[m]].keys.size(); batch_.positions[m] >= stored)
      return op.emitOpError("row ") << m << " is at position " << batch_.positions[m]
                                    << ", of which nothing is stored";
  return give(op, attention(rows(op.getQuery()), cache, batch_, heads, kvHeads, scale));
}

LogicalResult Call::execute(DecayScanOp op) {
  FixedStates &states = states_.fixed[state(op, op.getStateAttr()).symbol];
  return give(op, decayScan(rows(op.getInput()), rows(op.getGate()), batch_, states));
}

LogicalResult Call::execute(DispatchOp op) {
  Block &body = op.getBody().front();
  for (auto [argument, operand] : llvm::zip(body.getArguments(), op.getInputs()))
    define(argument, Datum(data_.at(operand)));
  FailureOr<std::vector<Datum>> results = execute(body);
  if (failed(results)) return failure();
  for (auto [result, datum] : llvm::zip(op.getResults(), *results)) define(result, std::move(datum));
  return success();
}

} // namespace lathe::interpreter

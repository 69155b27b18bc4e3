// lathe-merge-linears: queries, keys and values in one product.
#include "Graph/Passes.h"
#include "Graph/WeightUses.h"
#include "Remarks.h"

#include "llvm/ADT/MapVector.h"

namespace lathe {
#define GEN_PASS_DEF_MERGELINEARSPASS
#include "Graph/Passes.h.inc"
} // namespace lathe

using namespace mlir;
using namespace lathe;

namespace {

constexpr llvm::StringLiteral kPass = "merge-linears";

int64_t columnsOf(Value rows) { return cast<RankedTensorType>(rows.getType()).getDimSize(1); }

/// The bias that alone follows the linear, of a plain encoding and used nowhere else.
BiasOp onlyBias(LinearOp linear) {
  Value result = linear.getResult(0);
  auto bias = result.hasOneUse() ? dyn_cast<BiasOp>(*result.getUsers().begin()) : BiasOp();
  if (!bias || !bias.getBias().hasOneUse() || !bias.getBias().getType().getEncoding().isPlain()) return {};
  return bias;
}

Value concat(OpBuilder &builder, Location loc, ArrayRef<Value> parts) {
  auto first = cast<WeightType>(parts.front().getType());
  int64_t rows = 0;
  for (Value part : parts) rows += cast<WeightType>(part.getType()).getShape()[0];
  SmallVector<int64_t> shape(first.getShape());
  shape[0] = rows;
  return ConcatOp::create(builder, loc, WeightType::get(shape, first.getEncoding()), parts);
}

/// Biases of all the linears, if each has one and they can be concatenated.
SmallVector<BiasOp> biasesOf(ArrayRef<LinearOp> linears) {
  SmallVector<BiasOp> biases;
  for (LinearOp linear : linears) {
    BiasOp bias = onlyBias(linear);
    if (!bias || (!biases.empty() &&
                  bias.getBias().getType().getEncoding() != biases.front().getBias().getType().getEncoding()))
      return {};
    biases.push_back(bias);
  }
  return biases;
}

void merge(ArrayRef<LinearOp> linears) {
  LinearOp first = linears.front();
  OpBuilder builder(first);
  SmallVector<Value> weights, results;
  SmallVector<Location> locations;
  std::string columns;
  int64_t total = 0;
  for (LinearOp linear : linears) {
    hoistExpression(onlyWeight(linear), first);
    weights.push_back(onlyWeight(linear));
    results.push_back(linear.getResult(0));
    locations.push_back(linear.getLoc());
    total += columnsOf(results.back());
    columns += (columns.empty() ? "" : " + ") + std::to_string(columnsOf(results.back()));
  }
  Location loc = builder.getFusedLoc(locations);
  Type elementType = cast<RankedTensorType>(results.front().getType()).getElementType();
  auto type = RankedTensorType::get({ShapedType::kDynamic, total}, elementType);
  Value weight = concat(builder, loc, weights);
  auto merged = LinearOp::create(builder, loc, TypeRange{type}, first.getInput(), ValueRange{weight});
  Value product = merged.getResult(0);
  SmallVector<BiasOp> biases = biasesOf(linears);
  if (!biases.empty()) {
    SmallVector<Value> vectors =
        llvm::map_to_vector(biases, [](BiasOp bias) -> Value { return bias.getBias(); });
    for (Value vector : vectors) hoistExpression(vector, first);
    product = BiasOp::create(builder, loc, product, concat(builder, loc, vectors));
    for (auto [result, bias] : llvm::zip(results, biases)) result = bias.getResult();
  }
  auto split = SplitOp::create(builder, loc, ValueRange(results).getTypes(), product);
  remarkPassed(merged, kPass,
               "one linear for " + Twine(linears.size()) + " of the same input: " + columns + " columns");
  for (auto [result, part] : llvm::zip(results, split.getParts())) result.replaceAllUsesWith(part);
  for (BiasOp bias : biases) bias.erase();
  for (LinearOp linear : linears) linear.erase();
}

struct MergeLinearsPass : lathe::impl::MergeLinearsPassBase<MergeLinearsPass> {
  void runOnOperation() override {
    llvm::MapVector<Value, SmallVector<LinearOp>> byInput;
    getOperation().walk([&](LinearOp linear) {
      if (linear->getParentOp() == getOperation()) byInput[linear.getInput()].push_back(linear);
    });
    for (auto &[input, linears] : byInput)
      if (linears.size() > 1) mergeWhereAlike(linears);
  }

  static void mergeWhereAlike(ArrayRef<LinearOp> linears) {
    llvm::MapVector<std::pair<Attribute, Type>, SmallVector<LinearOp>> alike;
    for (LinearOp linear : linears) {
      if (std::string reason = whyNotMergeable(linear); !reason.empty()) {
        remarkMissed(linear, kPass, "not merged with others of its input: " + reason);
        continue;
      }
      auto weight = cast<WeightType>(onlyWeight(linear).getType());
      Type elementType = cast<RankedTensorType>(linear.getResult(0).getType()).getElementType();
      alike[{weight.getEncoding(), elementType}].push_back(linear);
    }
    for (auto &[key, group] : alike) {
      if (group.size() > 1)
        merge(group);
      else
        remarkMissed(group.front(), kPass,
                     "not merged with others of its input: none of them is stored as " +
                         printed(cast<EncodingAttr>(key.first).getCodes()) + " and free to merge");
    }
  }
};

} // namespace

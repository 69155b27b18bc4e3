// lathe-quantize-activations: integer weights meet integer activations.
#include "Graph/Passes.h"
#include "Graph/WeightUses.h"
#include "Remarks.h"

namespace lathe {
#define GEN_PASS_DEF_QUANTIZEACTIVATIONSPASS
#include "Graph/Passes.h.inc"
} // namespace lathe

using namespace mlir;
using namespace lathe;

namespace {

constexpr llvm::StringLiteral kPass = "quantize-activations";

/// Why a linear with this weight multiplies floats; empty where integers can do it.
std::string whyNotIntegers(WeightType weight) {
  EncodingAttr encoding = weight.getEncoding();
  if (encoding.isPlain()) return "its weight is " + printed(encoding.getCodes());
  if (!encoding.hasIntegerCodes())
    return "the codes of its weight are not integers that count steps of a scale";
  if (!encoding.getScale()) return "its weight has no scale";
  if (encoding.getBlock()[0] != 1) return "its weight shares a scale between rows";
  return "";
}

struct QuantizeActivationsPass : lathe::impl::QuantizeActivationsPassBase<QuantizeActivationsPass> {
  using Base::Base;

  void runOnOperation() override {
    if (channelGroup < 1) {
      getOperation().emitError() << "channel-group is positive, got " << int64_t(channelGroup);
      return signalPassFailure();
    }
    llvm::DenseMap<std::pair<Value, int64_t>, QuantizeRowsOp> known;
    getOperation().walk([&](LinearOp linear) {
      auto input = cast<RankedTensorType>(linear.getInput().getType());
      if (input.getEncoding()) return; // quantized already
      auto weight = cast<WeightType>(linear.getWeights().front().getType());
      if (std::string reason = whyNotIntegers(weight); !reason.empty()) {
        remarkMissed(linear, kPass, "multiplies floats: " + reason);
        return;
      }
      int64_t group = weight.getEncoding().getBlock()[1] ? weight.getEncoding().getBlock()[1] : channelGroup;
      QuantizeRowsOp &quantized = known[{unrounded(linear.getInput()), group}];
      if (!quantized) quantized = quantize(linear, group);
      linear.getInputMutable().assign(quantized);
      remarkPassed(linear, kPass, "multiplies int8 activations in groups of " + Twine(group));
    });
  }

  /// The tensor before it was rounded for linears that will all read codes instead.
  static Value unrounded(Value input) {
    auto convert = input.getDefiningOp<ConvertOp>();
    bool onlyCodes =
        convert && llvm::all_of(input.getUsers(), [](Operation *user) {
          auto linear = dyn_cast<LinearOp>(user);
          return linear ? whyNotIntegers(cast<WeightType>(linear.getWeights().front().getType())).empty()
                        : isa<QuantizeRowsOp>(user);
        });
    return onlyCodes ? Value(convert.getInput()) : input;
  }

  static QuantizeRowsOp quantize(LinearOp linear, int64_t group) {
    Value input = unrounded(linear.getInput());
    OpBuilder builder(linear);
    builder.setInsertionPointAfterValue(input);
    int64_t columns = cast<RankedTensorType>(input.getType()).getDimSize(1);
    auto type = RankedTensorType::get({ShapedType::kDynamic, columns}, builder.getI8Type(),
                                      QuantizedRowsAttr::get(builder.getContext(), group));
    return QuantizeRowsOp::create(builder, input.getLoc(), type, input);
  }
};

} // namespace

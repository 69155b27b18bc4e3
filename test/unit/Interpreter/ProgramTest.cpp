// Lowering changes where things lie, not what is computed: the program of the exec level, run over a real
// arena, gives bit for bit what the model level gives.
#include "Model.h"

#include "Interpreter/Program.h"
#include "Pipeline.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Pass/PassManager.h"

using namespace lathe;
using namespace lathe::test;
using interpreter::Batch;
using interpreter::Indices;
using interpreter::Rows;

namespace {
struct Numerics {
  const char *name, *cacheType, *activationType;
  bool integers;   ///< int8 weights in groups of 32, int8 activations
  float tolerance; ///< share of the range; f32: graph passes only reorder sums
};
using Case = std::tuple<const char *, Numerics>;

class Lowering : public testing::TestWithParam<Case> {
protected:
  Model model{fixture(std::get<0>(GetParam()))};
  Results results{fixture(std::get<0>(GetParam()))};
  const Numerics &numerics = std::get<1>(GetParam());

  void quantizeWeights(mlir::ModuleOp module) {
    auto scale = EncodingAttr::get(mlir::Float16Type::get(&model.context));
    auto codes = mlir::IntegerType::get(&model.context, 8, mlir::IntegerType::Signed);
    auto encoding = EncodingAttr::get(&model.context, codes, {}, {1, 32}, scale, {}, false);
    module.walk([&](LinearOp linear) {
      mlir::OpBuilder builder(linear);
      auto type = mlir::cast<WeightType>(linear.getWeights()[0].getType()).withEncoding(encoding);
      linear.getWeightsMutable()[0].set(
          QuantizeOp::create(builder, linear.getLoc(), type, linear.getWeights()[0], ClipKind::MSE));
    });
  }

  mlir::OwningOpRef<mlir::ModuleOp> compile(Phase until) {
    model.context.loadDialect<exec::ExecDialect>();
    mlir::OwningOpRef<mlir::ModuleOp> module = model.module->clone();
    if (numerics.integers) quantizeWeights(*module);
    PipelineOptions options;
    options.cacheType = std::string(numerics.cacheType);
    options.activationType = std::string(numerics.activationType);
    options.quantizeActivations = numerics.integers;
    options.maxRows = 128;
    options.maxOutputs = 128;
    mlir::PassManager passes(&model.context);
    buildPipeline(passes, options, until);
    EXPECT_TRUE(succeeded(passes.run(*module)));
    return module;
  }
};
} // namespace

static Rows must(mlir::FailureOr<Rows> rows) {
  EXPECT_TRUE(succeeded(rows));
  return succeeded(rows) ? *rows : Rows();
}

TEST_P(Lowering, ProgramEqualsModel) {
  auto compressed = compile(Phase::Compress), lowered = compile(Phase::Lower);
  interpreter::Interpreter asModel(*compressed, model.params);
  auto program = *lowered->getOps<exec::ProgramOp>().begin();
  interpreter::ProgramInterpreter asProgram(program, model.params);
  bool decoder = compressed->lookupSymbol("step");
  for (int prompt : {0, 1, 2}) {
    Indices ids = results.integers(prompt, "ids");
    // Decoders: two calls, the second going on behind the first, with logits of its last row only.
    size_t cut = decoder ? ids.size() / 2 : ids.size();
    Batch first = Batch::sequence(Indices(ids.begin(), ids.begin() + cut), 0, prompt);
    Batch second = Batch::sequence(Indices(ids.begin() + cut, ids.end()), cut, prompt);
    for (Batch &batch : std::array{first, second}) {
      if (batch.size() == 0) continue;
      if (decoder) batch.outputs = {batch.size() - 1};
      const char *entry = decoder ? "step" : "embed";
      EXPECT_EQ(must(asProgram.run(entry, batch)).values, must(asModel.run(entry, batch)).values);
    }
  }
}

TEST_P(Lowering, StaysNearTheCheckpoint) {
  auto compressed = compile(Phase::Compress);
  interpreter::Interpreter after(*compressed, model.params);
  const char *entry = compressed->lookupSymbol("step") ? "step" : "embed";
  Batch batch = Batch::sequence(results.integers(2, "ids"));
  EXPECT_LE(difference(must(after.run(entry, batch)).values, model.run(entry, batch).values),
            numerics.tolerance);
}

INSTANTIATE_TEST_SUITE_P(Fixtures, Lowering,
                         testing::Combine(testing::Values("llama-f32", "llama-bf16-sharded",
                                                          "llama-f32-biases", "gpt2-f32", "gpt2-bf16-erf",
                                                          "bert-f32-mean", "bert-f16-cls"),
                                          testing::Values(Numerics{"f32", "f32", "f32", false, 1e-6f},
                                                          Numerics{"bf16", "bf16", "bf16", false, 2e-2f},
                                                          Numerics{"int8", "f16", "f32", true, 5e-2f})),
                         [](const testing::TestParamInfo<Case> &info) {
                           std::string name =
                               std::string(std::get<0>(info.param)) + "_" + std::get<1>(info.param).name;
                           std::replace(name.begin(), name.end(), '-', '_');
                           return name;
                         });

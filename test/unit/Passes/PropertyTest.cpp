// A pass changes how a model computes, not what: the interpreter agrees before and after, on random models.
#include "RandomModel.h"

#include "Exec/ExecDialect.h"
#include "Interpreter/Interpreter.h"
#include "Pipeline.h"

#include "mlir/Parser/Parser.h"
#include "mlir/Transforms/Passes.h"

#include <gtest/gtest.h>

#include <cmath>

using namespace mlir;
using namespace lathe;
using namespace lathe::test;
using interpreter::Batch;
using interpreter::Rows;

namespace {

constexpr unsigned kModels = 48;

struct Case {
  const char *name;
  const char *pipeline;
  /// Largest difference as a share of the range of the results. Structural rewrites keep every sum, so they
  /// give equal bits. Folding a scale rounds each product twice in another order: a few units of 2^-24. A
  /// bf16 has 8 bits: each of up to 8 roundings a layer, 3 layers, adds at most 2^-9 of a value, mostly far
  /// less.
  float tolerance = 0;
  /// Runs on both sides before: what a pass makes of compressed weights is compared with those.
  const char *both = "";
};

void PrintTo(const Case &of, std::ostream *out) { *out << of.name; }

constexpr const char *kInt4 = "lathe-quantize-weights{recipe='* -> int4 group 16'}";
constexpr const char *kIntegers =
    "lathe-graph,lathe-quantize-weights{recipe='* -> int8'},func.func(lathe-quantize-activations)";

const Case cases[] = {
    {"Canonicalize", "func.func(canonicalize,cse)"},
    {"PairGateUp", "func.func(lathe-pair-gate-up)"},
    {"MergeLinears", "func.func(lathe-merge-linears)"},
    {"PairThenMerge", "func.func(lathe-pair-gate-up,lathe-merge-linears)"},
    {"FoldNormScale", "func.func(lathe-fold-norm-scale)", 1e-5f},
    {"HoistSelectOutputs", "func.func(lathe-hoist-select-outputs)"},
    {"DropUnusedStates", "lathe-drop-unused-states"},
    {"PackWeights", "func.func(lathe-pack-weights)"},
    {"FormDispatches", "func.func(lathe-form-dispatches)"},
    {"FormDispatchesOfGraph", "lathe-graph,func.func(lathe-pack-weights,lathe-form-dispatches)"},
    {"CacheType", "lathe-set-cache-type{type=bf16}", 24.0f / 512},
    {"ActivationType", "func.func(lathe-set-activation-type{type=bf16})", 24.0f / 512},
    {"DispatchesOfNarrow", "lathe-graph{activation-type=bf16},func.func(lathe-form-dispatches)", 24.0f / 512},
    // Compression changes numbers; these of its rewrites, and all rewrites of what it leaves, do not.
    {"WidenToFloat", "lathe-quantize-weights{recipe='* -> f32'}"},
    {"PruneNothing", "lathe-prune-weights{share=0.0}"},
    {"CorrectNothing", "lathe-low-rank{rank=1 force=true residual=f32}"},
    {"FloatsStayFloats", "func.func(lathe-quantize-activations)"},
    {"PackCompressed", "func.func(lathe-pack-weights)", 0, kInt4},
    {"MergeCompressed", "func.func(lathe-pair-gate-up,lathe-merge-linears)", 0, kInt4},
    {"DispatchesOfCompressed", "func.func(canonicalize,cse,lathe-pack-weights,lathe-form-dispatches)", 0,
     kInt4},
    {"DispatchesOfIntegers", "func.func(canonicalize,cse,lathe-pack-weights,lathe-form-dispatches)", 0,
     kIntegers},
};

class PassProperty : public testing::TestWithParam<Case> {
protected:
  static void SetUpTestSuite() {
    static bool registered = (registerTransformsPasses(), registerPasses(), true);
    (void)registered;
  }
};

/// A prompt for each of two sequences, then a longer batch that goes on with both; some rows want logits.
std::vector<Batch> callsFor(const RandomModel &model, unsigned seed) {
  std::mt19937 random(seed);
  std::vector<Batch> calls;
  int32_t lengths[2] = {0, 0};
  for (int call = 0; call < 2; ++call) {
    Batch batch;
    for (int32_t slot : {0, 1}) {
      int32_t rows = 1 + random() % 5;
      for (int32_t row = 0; row < rows; ++row) {
        batch.tokens.push_back(random() % model.vocabulary);
        batch.positions.push_back(lengths[slot]++);
        batch.slots.push_back(slot);
      }
      batch.outputs.push_back(batch.size() - 1);
    }
    calls.push_back(std::move(batch));
  }
  return calls;
}

std::vector<float> runAll(ModuleOp module, const RandomModel &model, const std::vector<Batch> &calls) {
  RandomParams params(module);
  interpreter::Interpreter interpreter(module, params);
  std::vector<float> values;
  for (const Batch &batch : calls) {
    FailureOr<Rows> rows = interpreter.run(model.entry, batch);
    if (failed(rows)) return {};
    values.insert(values.end(), rows->values.begin(), rows->values.end());
  }
  return values;
}

float difference(const std::vector<float> &actual, const std::vector<float> &expected) {
  if (actual.size() != expected.size() || expected.empty()) return INFINITY;
  auto [low, high] = std::minmax_element(expected.begin(), expected.end());
  float largest = 0;
  for (size_t i = 0; i < actual.size(); ++i) largest = std::max(largest, std::fabs(actual[i] - expected[i]));
  return std::isnan(largest) ? INFINITY : largest / (*high - *low);
}

} // namespace

static bool run(const char *pipeline, ModuleOp module) {
  PassManager manager(module.getContext());
  return succeeded(parsePassPipeline(pipeline, manager)) && succeeded(manager.run(module));
}

TEST_P(PassProperty, KeepsResults) {
  for (unsigned seed = 0; seed < kModels; ++seed) {
    MLIRContext context(MLIRContext::Threading::DISABLED);
    context.loadDialect<LatheDialect, exec::ExecDialect, func::FuncDialect>();
    RandomModel model(seed);
    auto before = parseSourceString<ModuleOp>(model.text, &context);
    auto after = parseSourceString<ModuleOp>(model.text, &context);
    ASSERT_TRUE(before && after) << model.text;
    ASSERT_TRUE(run(GetParam().both, *before) && run(GetParam().both, *after) &&
                run(GetParam().pipeline, *after))
        << "seed " << seed << "\n"
        << model.text;
    std::vector<Batch> calls = callsFor(model, seed);
    EXPECT_LE(difference(runAll(*after, model, calls), runAll(*before, model, calls)), GetParam().tolerance)
        << "seed " << seed << "\n"
        << model.text;
  }
}

/// Llama's rotations and gates, GPT-2's positions and biases, BERT's encoders: all are among the models.
TEST(RandomModels, AreOfEveryFamily) {
  int llama = 0, gpt2 = 0, bert = 0;
  for (unsigned seed = 0; seed < kModels; ++seed) {
    std::string text = RandomModel(seed).text;
    auto has = [&](const char *what) { return text.find(what) != std::string::npos; };
    bool decoder = has("cache_write");
    llama += decoder && has("lathe.rope ") && has("rms_norm");
    gpt2 += decoder && has("position.weight") && has("layer_norm");
    bert += !decoder && has("lathe.pool") && has("layer_norm");
  }
  EXPECT_GT(llama, 0);
  EXPECT_GT(gpt2, 0);
  EXPECT_GT(bert, 0);
}

/// Every random model becomes a program that the verifier accepts.
TEST(PipelineProperty, LowersToPrograms) {
  registerTransformsPasses();
  registerPasses();
  for (unsigned seed = 0; seed < 4 * kModels; ++seed) {
    MLIRContext context(MLIRContext::Threading::DISABLED);
    context.loadDialect<LatheDialect, exec::ExecDialect, func::FuncDialect>();
    auto module = parseSourceString<ModuleOp>(RandomModel(seed).text, &context);
    PassManager manager(&context);
    const char *options[] = {"", "{activation-type=bf16}", "{cache-type=bf16 max-rows=64 max-outputs=8}",
                             "{fold-norm-scale=true}"};
    ASSERT_TRUE(succeeded(parsePassPipeline("lathe-pipeline" + std::string(options[seed % 4]), manager)));
    EXPECT_TRUE(succeeded(manager.run(*module))) << "seed " << seed;
  }
}

INSTANTIATE_TEST_SUITE_P(Passes, PassProperty, testing::ValuesIn(cases), testing::PrintToStringParamName());

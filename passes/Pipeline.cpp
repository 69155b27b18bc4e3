#include "Pipeline.h"

#include "Compress/Passes.h"
#include "Exec/ExecDialect.h"
#include "Graph/Passes.h"
#include "Lower/Passes.h"

#include "mlir/Pass/PassRegistry.h"
#include "mlir/Transforms/Passes.h"

using namespace mlir;
using namespace lathe;

StringRef lathe::stringifyPhase(Phase phase) {
  switch (phase) {
  case Phase::Import:
    return "import";
  case Phase::Graph:
    return "graph";
  case Phase::Compress:
    return "compress";
  case Phase::Lower:
    return "lower";
  }
  llvm_unreachable("all phases are handled");
}

std::optional<Phase> lathe::parsePhase(StringRef name) {
  for (Phase phase : {Phase::Import, Phase::Graph, Phase::Compress, Phase::Lower})
    if (stringifyPhase(phase) == name) return phase;
  return std::nullopt;
}

/// Dead and duplicate work removed: rewrites leave some behind, and rely on equal things being one value.
static void addCleanup(OpPassManager &functions) {
  functions.addPass(createCanonicalizerPass());
  functions.addPass(createCSEPass());
}

/// A model in the shape that kernels like best; still a model, in the checkpoint's own precision.
static void buildGraphPhase(OpPassManager &pm, const PipelineOptions &options) {
  pm.addPass(createDropUnusedStatesPass());
  pm.addPass(createSetCacheTypePass({options.cacheType}));
  OpPassManager &functions = pm.nest<func::FuncOp>();
  addCleanup(functions);
  // Pairs first: what is left of the linears of one input is merged.
  functions.addPass(createPairGateUpPass());
  functions.addPass(createMergeLinearsPass());
  functions.addPass(createHoistSelectOutputsPass());
  if (options.foldNormScale) functions.addPass(createFoldNormScalePass());
  // Behind the structural rewrites, whose results decide what is handed from step to step.
  functions.addPass(createSetActivationTypePass({options.activationType}));
  addCleanup(functions);
  pm.addPass(createVerifyModelPass());
}

/// Weights in fewer bits, as expressions; then activations to match.
static void buildCompressPhase(OpPassManager &pm, const PipelineOptions &options) {
  pm.addPass(createQuantizeWeightsPass({options.weights, options.group, options.recipe, options.checkpoint,
                                        /*threads=*/0, options.quantizeActivations}));
  OpPassManager &functions = pm.nest<func::FuncOp>();
  if (options.quantizeActivations) functions.addPass(createQuantizeActivationsPass());
  addCleanup(functions);
  pm.addPass(createVerifyModelPass());
}

/// From a model to a program.
static void buildLowerPhase(OpPassManager &pm, const PipelineOptions &options) {
  // Before lowering and no earlier: the phases above decide once for what all entry points share.
  pm.addPass(createSplitEntriesPass());
  OpPassManager &functions = pm.nest<func::FuncOp>();
  // What is equal must be one value before it is packed: a tied matrix is stored once.
  addCleanup(functions);
  functions.addPass(createPackWeightsPass());
  functions.addPass(createFormDispatchesPass());
  pm.addPass(createToExecPass({options.target, options.maxRows, options.maxOutputs}));
  // A CPU's sampler reads rows where they lie.
  if (options.target != "cpu") pm.addNestedPass<exec::ProgramOp>(createAddDrawPass());
  pm.addNestedPass<exec::ProgramOp>(createPlanArenaPass());
  pm.addPass(createVerifyProgramPass());
}

void lathe::buildPhase(OpPassManager &pm, const PipelineOptions &options, Phase phase) {
  switch (phase) {
  case Phase::Import:
    return;
  case Phase::Graph:
    return buildGraphPhase(pm, options);
  case Phase::Compress:
    return buildCompressPhase(pm, options);
  case Phase::Lower:
    return buildLowerPhase(pm, options);
  }
}

void lathe::buildPipeline(OpPassManager &pm, const PipelineOptions &options, Phase until) {
  for (Phase phase : {Phase::Graph, Phase::Compress, Phase::Lower})
    if (phase <= until) buildPhase(pm, options, phase);
}

template <Phase phase> static void registerPhase(StringRef summary) {
  static const std::string name = "lathe-" + stringifyPhase(phase).str();
  PassPipelineRegistration<PipelineOptions>(
      name, summary,
      [](OpPassManager &pm, const PipelineOptions &options) { buildPhase(pm, options, phase); });
}

void lathe::registerPasses() {
  registerLatheGraphPasses();
  registerLatheCompressPasses();
  registerLatheLowerPasses();
  registerPhase<Phase::Graph>("the graph phase: rewrites of a model that keep it a model");
  registerPhase<Phase::Compress>("the compress phase: weights and activations in fewer bits");
  registerPhase<Phase::Lower>("the lower phase: from a model to a program");
  PassPipelineRegistration<PipelineOptions>(
      "lathe-pipeline", "every phase behind import",
      [](OpPassManager &pm, const PipelineOptions &options) { buildPipeline(pm, options, Phase::Lower); });
}

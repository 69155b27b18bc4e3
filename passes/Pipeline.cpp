#include "Pipeline.h"

#include "Exec/ExecDialect.h"
#include "Lower/Passes.h"

#include "mlir/Pass/PassRegistry.h"
#include "mlir/Transforms/Passes.h"

using namespace mlir;
using namespace lathe;

StringRef lathe::stringifyPhase(Phase phase) {
  switch (phase) {
  case Phase::Import: return "import";
  case Phase::Graph: return "graph";
  case Phase::Compress: return "compress";
  case Phase::Lower: return "lower";
  }
  llvm_unreachable("all phases are handled");
}

std::optional<Phase> lathe::parsePhase(StringRef name) {
  for (Phase phase : {Phase::Import, Phase::Graph, Phase::Compress, Phase::Lower})
    if (stringifyPhase(phase) == name) return phase;
  return std::nullopt;
}

/// From a model to a program.
static void buildLowerPhase(OpPassManager &pm, const PipelineOptions &options) {
  OpPassManager &functions = pm.nest<func::FuncOp>();
  // What is equal must be one value before it is packed: a tied matrix is stored once.
  functions.addPass(createCanonicalizerPass());
  functions.addPass(createCSEPass());
  functions.addPass(createPackWeightsPass());
  functions.addPass(createFormDispatchesPass());
  pm.addPass(createToExecPass({options.target, options.maxRows, options.maxOutputs}));
  pm.addNestedPass<exec::ProgramOp>(createPlanArenaPass());
  pm.addPass(createVerifyProgramPass());
}

void lathe::buildPhase(OpPassManager &pm, const PipelineOptions &options, Phase phase) {
  switch (phase) {
  case Phase::Import:
  case Phase::Graph:
  case Phase::Compress: return;
  case Phase::Lower: return buildLowerPhase(pm, options);
  }
}

void lathe::buildPipeline(OpPassManager &pm, const PipelineOptions &options, Phase until) {
  for (Phase phase : {Phase::Graph, Phase::Compress, Phase::Lower})
    if (phase <= until) buildPhase(pm, options, phase);
}

template <Phase phase> static void registerPhase(StringRef summary) {
  static const std::string name = "lathe-" + stringifyPhase(phase).str();
  PassPipelineRegistration<PipelineOptions>(name, summary, [](OpPassManager &pm, const PipelineOptions &options) {
    buildPhase(pm, options, phase);
  });
}

void lathe::registerPasses() {
  registerLatheLowerPasses();
  registerPhase<Phase::Lower>("from a model to a program");
  PassPipelineRegistration<PipelineOptions>(
      "lathe-pipeline", "every phase behind import",
      [](OpPassManager &pm, const PipelineOptions &options) { buildPipeline(pm, options, Phase::Lower); });
}

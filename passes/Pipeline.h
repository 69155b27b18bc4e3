// The compiler on one page: every phase in order, every option once.
#pragma once

#include "mlir/Pass/PassManager.h"
#include "mlir/Pass/PassOptions.h"

#include <optional>

namespace lathe {

/// The phases of a compilation. Each ends in a verifier of its contract; `--compile-to=PHASE` stops behind
/// it.
enum class Phase { Import, Graph, Compress, Lower };
llvm::StringRef stringifyPhase(Phase phase);
std::optional<Phase> parsePhase(llvm::StringRef name);

/// What the passes between import and code generation can be told.
struct PipelineOptions : mlir::PassPipelineOptions<PipelineOptions> {
  Option<std::string> cacheType{*this, "cache-type",
                                llvm::cl::desc("type of keys and values in the cache: f32, bf16, f16"),
                                llvm::cl::init("f32")};
  Option<std::string> activationType{*this, "activation-type",
                                     llvm::cl::desc("type of tensors between steps: f32, bf16, f16"),
                                     llvm::cl::init("f32")};
  Option<bool> foldNormScale{*this, "fold-norm-scale",
                             llvm::cl::desc("fold the scales of norms into the matrices behind them"),
                             llvm::cl::init(false)};
  Option<std::string> weights{*this, "weights", llvm::cl::desc("keep, f32, f16, bf16, int8 or int4"),
                              llvm::cl::init("keep")};
  Option<std::string> group{
      *this, "group", llvm::cl::desc("columns that share a scale: a number, or channel"), llvm::cl::init("")};
  Option<std::string> recipe{*this, "recipe",
                             llvm::cl::desc("rules of lathe-quantize-weights, PATTERN -> ENCODING"),
                             llvm::cl::init("")};
  Option<std::string> checkpoint{*this, "checkpoint",
                                 llvm::cl::desc("the folder that params come from, in lathe-opt"),
                                 llvm::cl::init("")};
  Option<bool> quantizeActivations{*this, "quantize-activations",
                                   llvm::cl::desc("multiply integer weights by int8 activations"),
                                   llvm::cl::init(false)};
  Option<std::string> target{*this, "target", llvm::cl::desc("the target of the program"),
                             llvm::cl::init("cpu")};
  Option<int64_t> maxRows{*this, "max-rows", llvm::cl::desc("most rows (tokens) of one call"),
                          llvm::cl::init(512)};
  Option<int64_t> maxOutputs{*this, "max-outputs", llvm::cl::desc("most rows of one call that want logits"),
                             llvm::cl::init(16)};
};

/// Appends the passes of one phase.
void buildPhase(mlir::OpPassManager &pm, const PipelineOptions &options, Phase phase);

/// Appends every phase from behind import up to `until`.
void buildPipeline(mlir::OpPassManager &pm, const PipelineOptions &options, Phase until);

/// Registers every pass and pipeline (--lathe-graph, --lathe-compress, --lathe-lower, --lathe-pipeline), for
/// lathe-opt and for `--pipeline`.
void registerPasses();

} // namespace lathe

// What a compilation is asked for, checked.
#pragma once

#include "Pipeline.h"
#include "Support/Status.h"

#include "mlir/IR/BuiltinOps.h"

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace lathe {

/// What is written.
enum class Emit { Artifact, Lathe, Exec, Kernels, LLVM, Assembly };

struct CompileOptions {
  std::string model;      ///< a Hugging Face folder or an .mlir file
  std::string checkpoint; ///< for an .mlir file: the folder with weights and tokenizer
  std::string output;     ///< empty: standard output
  std::string weights, group, recipe, activations, cache, pipeline;
  Emit emit = Emit::Artifact;
  std::optional<Phase> compileTo;
  std::vector<std::string> targets;  ///< names of Targets.h; empty: cpu, or those of the .mlir file
  std::vector<std::string> variants; ///< of the targets; empty: all
  uint32_t maxRows = 0, maxOutputs = 0; ///< 0: the pipeline's own
  unsigned threads = 0;
  bool remarks = false;
  /// A line for the user.
  std::function<void(const std::string &)> log;
  /// Step, done, total; true stops the compilation.
  std::function<bool(const char *, uint64_t, uint64_t)> progress;
};

std::optional<Emit> parseEmit(std::string_view name);

/// Options that contradict each other, or that nothing would come of.
Status checkOptions(const CompileOptions &options);

/// Options for phases that the IR to start from has behind it.
Status checkStart(const CompileOptions &options, Phase behind);

/// Whether what one step hands to the next is bf16 or f16.
bool hasNarrowActivations(const CompileOptions &options);

/// The type of cached keys and values where none is asked for: bf16, but f32 where all matrices stay in f32.
std::string defaultCacheType(const CompileOptions &options, mlir::ModuleOp module);

} // namespace lathe
